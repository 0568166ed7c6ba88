/**
 * The revision a thread serves, changed in place by deltas.
 *
 * Guarantees: a delta is prepared beside the traffic (changed routes are compiled first) and then applied in one turn of
 * the event loop, so that no request sees half of it; a route it does not touch keeps its compiled form, connections and
 * counts; faults close single routes and are told (law 1). Deltas are applied one after the other.
 */
import { errorTemplate as templateKind } from '../../model/kinds/error-template.ts'
import { readEntityText } from '../../model/read.ts'
import { refuse } from '../../plugin/answer.ts'
import type { Delta, EntityFault, EntityRemoval } from '../../revision/delta.ts'
import type { CompiledRoute } from '../compile/compiled-route.ts'
import type { CompileEnvironment, EntityReader, ThreadServices } from '../compile/environment.ts'
import { closedRoute, compileRoute } from '../compile/route.ts'
import { compileErrorTemplate, type ErrorTemplate } from '../errors/error-template.ts'
import { compileFrontend, Router } from '../router/index.ts'
import { EntityTexts } from './entity-texts.ts'
import { faultOf, Inspection, type InspectionReport } from './inspection.ts'
import { GlobalChain } from './global-chain.ts'
import { guardingFrontend } from './guarding-frontend.ts'
import { type Globals, readGlobals, sameForChain, sameForRoutes } from './globals.ts'
import { RouteEntry } from './route-entry.ts'
import { placesOf, routeKinds, type RouteSource, routesOf } from './route-sources.ts'
import { RouteUses } from './route-uses.ts'
import { storedCertificate } from './stored-certificate.ts'

/** Changed routes compiled before a delta is applied; of more, the rest is compiled when first called. */
const EAGER = 64
/** Milliseconds of preparing after which requests get their turn. */
const SLICE = 4
/**
 * Entities up to which every route stays compiled. Above, one that nobody called since it was written goes back to its
 * text: a compiled route takes ten times the memory.
 */
const WARM = 2000

/** A route ready for the router. Its JSON is not held: a hundred thousand of them would be in the way of each other. */
interface Prepared {
  readonly key: string
  readonly place: RoutePlace
  readonly backendRef: string | null
  readonly compiled: CompiledRoute | null
}

/** Shared by all routes without any. */
const noTexts: readonly never[] = Object.freeze([])

type RoutePlace = Parameters<Router<RouteEntry>['put']>[1]

export class LiveRevision {
  readonly router: Router<RouteEntry>
  readonly texts: EntityTexts
  globals: Globals = readGlobals(undefined)
  chain: GlobalChain = GlobalChain.none
  number = -1
  readonly #thread: ThreadServices
  readonly #trailing: boolean
  /** Router keys by `kind id`. */
  readonly #keys = new Map<string, readonly string[]>()
  readonly #uses = new RouteUses()
  readonly #templates = new Map<string, ErrorTemplate | null>()
  #pending: Promise<unknown> = Promise.resolve()
  #onEntry: ((kind: string, id: string) => void) | null = null
  #inspection: Inspection | null = null
  #report: InspectionReport | null = null
  readonly #compileKey = (key: string): Promise<CompiledRoute> => this.#compile(key)

  constructor(thread: ThreadServices, trailingSlashMeansExactSegments = true) {
    this.#thread = thread
    this.texts = new EntityTexts(thread.sharedTexts)
    this.#trailing = trailingSlashMeansExactSegments
    this.router = new Router<RouteEntry>({ trailingSlashMeansExactSegments })
  }

  /** Called for each entity that a delta wrote or removed, once it is applied. */
  set onEntity(listener: (kind: string, id: string) => void) {
    this.#onEntry = listener
  }

  /**
   * Looks in the background at routes that are not compiled yet, and reports their faults. One thread does. `left` is
   * called when that left much behind to be collected.
   */
  inspect(report: InspectionReport, left: () => void = () => {}): void {
    this.#report = report
    const revision = {
      number: () => this.number,
      entityOf: (key: string) => this.#entityOf(key),
      compile: this.#compileKey,
    }
    this.#inspection = new Inspection(revision, report, left)
  }

  /** Applies a delta; resolves with the faults of the entities it wrote once they are served. Never rejects. */
  apply(delta: Delta): Promise<readonly EntityFault[]> {
    return this.#inTurn(() => this.#apply(delta))
  }

  /** What would close this route, or all of them, if the delta were applied. Nothing is changed by asking. */
  closedBy(delta: Delta, routeId: string): Promise<readonly EntityFault[]> {
    return this.#inTurn(async () => {
      const reader = this.texts.after(delta)
      const globals = readGlobals(reader.get('GlobalConfig', 'global'))
      const env = this.#environment(globals, reader)
      const chain = await GlobalChain.compile(globals, env)
      const faults: EntityFault[] = []
      if (chain.fault !== null) faults.push(globalFault(chain.fault.reason, chain.fault.detail ?? ''))
      if (globals.fault !== null) faults.push(globalFault('route.invalid', globals.fault))
      chain.dispose()
      const text = reader.get('Route', routeId)
      const routes = text === undefined ? null : routesOf('Route', routeId, text)
      for (const source of routes?.ok ? routes.sources : []) {
        const compiled = await this.#make(source, env)
        const fault = faultOf('Route', routeId, compiled)
        if (fault !== null) faults.push(fault)
        compiled.retire()
      }
      return faults
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#pending.then(work)
    this.#pending = done.catch(() => {})
    return done
  }

  /** Template of a route's errors, else the global one, else null. */
  errorTemplate(routeId: string): ErrorTemplate | null {
    if (this.texts.all('ErrorTemplate').size === 0) return null
    return this.#template(routeId) ?? this.#template('global')
  }

  /**
   * Other plugins stand behind these ids: the routes that use them are compiled anew on their next call, global plugins at
   * once. Waits for the delta that is being prepared, which may hold routes made with the plugins of before.
   */
  pluginsChanged(ids: ReadonlySet<string>): Promise<void> {
    return this.#inTurn(async () => {
      for (const keys of this.#keys.values())
        for (const key of keys) {
          const entry = this.router.get(key)
          if (entry?.compiling || (entry?.compiled != null && usesAny(entry.compiled, ids)))
            this.#invalidate(key)
        }
      await this.#renewChain(ids)
    })
  }

  async #renewChain(ids: ReadonlySet<string>): Promise<void> {
    const { incoming, slots } = this.globals
    if (this.chain.fault === null && ![...incoming, ...slots].some(({ plugin }) => ids.has(plugin))) return
    const old = this.chain
    this.chain = await GlobalChain.compile(this.globals, this.#environment(this.globals, this.texts))
    old.dispose()
    this.#report?.(this.number, faultsOf(this.chain), [{ kind: 'GlobalConfig', id: 'global' }])
  }

  async #apply(delta: Delta): Promise<readonly EntityFault[]> {
    const reader = this.texts.after(delta)
    const globalText = reader.get('GlobalConfig', 'global')
    const globalChanged = globalText !== this.texts.get('GlobalConfig', 'global')
    const globals = globalChanged ? readGlobals(globalText) : this.globals
    const chain = sameForChain(globals, this.globals)
      ? this.chain
      : await GlobalChain.compile(globals, this.#environment(globals, reader))
    const faults = faultsOf(chain)
    const prepared = await this.#prepare(delta, globals, reader, faults)
    this.#commit(delta, globals, chain, prepared)
    return faults
  }

  /** Compiles what the delta changes while the old revision serves on. */
  async #prepare(
    delta: Delta,
    globals: Globals,
    reader: EntityReader,
    faults: EntityFault[],
  ): Promise<Map<string, Prepared[]>> {
    const prepared = new Map<string, Prepared[]>()
    const env = this.#environment(globals, reader)
    let eager = EAGER
    let until = performance.now() + SLICE
    for (const { kind, id, json } of delta.writes) {
      if (!routeKinds.includes(kind)) continue
      if (performance.now() > until) {
        await new Promise(resolve => setImmediate(resolve))
        until = performance.now() + SLICE
      }
      const text = json ?? reader.get(kind, id)
      // Removed already by the delta that follows.
      if (text === undefined) continue
      const routes = eager > 0 ? routesOf(kind, id, text) : placesOf(kind, id, text)
      if (!routes.ok) {
        faults.push({ kind, id, reason: 'route.invalid', message: routes.fault })
        prepared.set(`${kind} ${id}`, [])
        continue
      }
      const list: Prepared[] = []
      for (const source of routes.sources) {
        const compiled = eager-- > 0 ? await this.#make(source, env) : null
        const fault = compiled === null ? null : faultOf(kind, id, compiled)
        if (fault !== null) faults.push(fault)
        list.push(preparedOf(source, compiled))
      }
      prepared.set(`${kind} ${id}`, list)
    }
    return prepared
  }

  /** One turn of the event loop: nothing in here waits. */
  #commit(delta: Delta, globals: Globals, chain: GlobalChain, prepared: Map<string, Prepared[]>): void {
    const before = delta.full ? new Set(this.#keys.keys()) : new Set<string>()
    this.texts.apply(delta)
    if (globals.strategy !== this.globals.strategy)
      this.router.reconfigure({ strategy: globals.strategy, trailingSlashMeansExactSegments: this.#trailing })
    const all = !sameForRoutes(globals, this.globals)
    this.globals = globals
    this.#thread.counting.global = globals.limits
    if (chain !== this.chain) this.chain.dispose()
    this.chain = chain
    for (const [entity, routes] of prepared) {
      before.delete(entity)
      this.#place(entity, routes)
    }
    for (const entity of before) this.#place(entity, [])
    const backends = new Set<string>()
    const certificates = new Set<string>()
    for (const { kind, id } of [...delta.writes, ...delta.removals]) {
      if (kind === 'Backend') backends.add(id)
      else if (kind === 'ErrorTemplate') this.#templates.delete(id)
      else if (kind === 'Certificate') certificates.add(id)
    }
    for (const { kind, id } of delta.removals) if (routeKinds.includes(kind)) this.#place(`${kind} ${id}`, [])
    this.number = delta.revision
    // A full delta has made every route that is there now.
    if (!delta.full) {
      const fresh = new Set([...prepared.values()].flat().map(p => p.key))
      for (const key of this.#stale(all, backends, certificates)) if (!fresh.has(key)) this.#invalidate(key)
    }
    if (this.#onEntry !== null)
      for (const { kind, id } of [...delta.writes, ...delta.removals]) this.#onEntry(kind, id)
  }

  /** Routes to compile anew because of something they use. */
  *#stale(all: boolean, backends: ReadonlySet<string>, certificates: ReadonlySet<string>): Iterable<string> {
    for (const backend of backends) yield* this.#uses.usersOf(backend)
    if (!all && certificates.size === 0) return
    for (const keys of this.#keys.values())
      for (const key of keys) if (all || this.#mayUse(key, certificates)) yield key
  }

  // A route nobody has compiled yet has asked for none.
  #mayUse(key: string, certificates: ReadonlySet<string>): boolean {
    const entry = this.router.get(key)
    if (entry === undefined || entry.compiled === null) return entry?.compiling ?? false
    return entry.compiled.certificates?.isDisjointFrom(certificates) === false
  }

  /** Makes the router hold exactly these routes for an entity. */
  #place(entity: string, routes: readonly Prepared[]): void {
    const keys = routes.map(({ key }) => key)
    for (const key of this.#keys.get(entity) ?? []) {
      if (keys.includes(key)) continue
      this.router.get(key)?.retire()
      this.router.remove(key)
      this.#inspection?.forget(key)
      this.#uses.backend(key, null)
    }
    if (keys.length === 0) this.#keys.delete(entity)
    else this.#keys.set(entity, keys)
    for (const { key, place, backendRef, compiled } of routes) {
      const old = this.router.get(key)
      const keep = compiled !== null && (this.#keys.size <= WARM || old?.compiled != null)
      const entry = new RouteEntry(key, this.#compileKey, keep ? compiled : null)
      if (!keep) compiled?.retire()
      this.router.put(key, place, entry)
      this.#uses.backend(key, backendRef)
      if (compiled === null) this.#inspection?.add(key)
      else this.#inspection?.forget(key)
      old?.retire()
    }
  }

  #invalidate(key: string): void {
    this.router.get(key)?.invalidate()
    this.#inspection?.add(key)
  }

  /** The entity whose route has a router key. */
  #entityOf(key: string): EntityRemoval {
    if (this.#keys.has(`Route ${key}`)) return { kind: 'Route', id: key }
    return { kind: 'RouteComposition', id: key.includes('#') ? key.slice(0, key.lastIndexOf('#')) : key }
  }

  /** Compiles a route from the entities as they are now. */
  async #compile(key: string): Promise<CompiledRoute> {
    const { kind, id } = this.#entityOf(key)
    // A newer text than what is served: the delta that goes with it is on its way.
    if (this.texts.revisionOf(kind, id) > this.number) await this.#pending
    const text = this.texts.get(kind, id)
    const routes = text === undefined ? null : routesOf(kind, id, text)
    const source = routes?.ok ? routes.sources.find(s => s.key === key) : undefined
    if (source === undefined)
      return closedRoute(id, null, refuse('route.invalid', { detail: 'the route is gone or cannot be read' }))
    return this.#make(source, this.#environment(this.globals, this.texts))
  }

  async #make(source: RouteSource, env: CompileEnvironment): Promise<CompiledRoute> {
    const used = new Set<string>()
    const compiled = await compileRoute(idOf(source), source.json, {
      ...env,
      certificates: name => {
        used.add(name)
        return env.certificates(name)
      },
    })
    compiled.certificates = used
    return compiled
  }

  #environment(globals: Globals, entities: EntityReader): CompileEnvironment {
    return {
      thread: this.#thread,
      global: globals,
      entities,
      certificates: name => storedCertificate(name, entities),
    }
  }

  #template(id: string): ErrorTemplate | null {
    const known = this.#templates.get(id)
    if (known !== undefined) return known
    const text = this.texts.get('ErrorTemplate', id)
    // Nothing is kept for ids without a template: they come from requests.
    if (text === undefined) return null
    const parsed = readEntityText(templateKind, text)
    const template = parsed.ok ? compileErrorTemplate(parsed.value) : null
    this.#templates.set(id, template)
    return template
  }
}

function preparedOf({ key, json }: RouteSource, compiled: CompiledRoute | null): Prepared {
  const frontend = compileFrontend(json['frontend'])
  const ref = json['backend_ref']
  return {
    key,
    place: {
      // A faulty frontend still guards its domains and paths: the route behind it is closed.
      frontend: frontend.ok ? frontend.value : guardingFrontend(json['frontend']),
      enabled: json['enabled'] !== false,
      boundListeners: textsAt(json, 'bound_listeners'),
    },
    backendRef: typeof ref === 'string' ? ref : null,
    compiled,
  }
}

/** True for routes that other plugins may make serve, too: those closed because nobody knew a plugin. */
function usesAny({ parts }: CompiledRoute, ids: ReadonlySet<string>): boolean {
  if (parts.closed === null) return parts.chain.plugins.some(id => ids.has(id))
  return parts.closed.reason === 'plugin.unknown' || ids.has(parts.closed.subject ?? '')
}

function faultsOf({ fault, sinkFault, missing }: GlobalChain): EntityFault[] {
  const faults = [...missing].map(plugin => globalFault('plugin.unknown', `${plugin}: no plugin has this id`))
  for (const refusal of [fault, sinkFault])
    if (refusal !== null) faults.push(globalFault(refusal.reason, refusal.detail ?? ''))
  return faults
}

function globalFault(reason: string, message: string): EntityFault {
  return { kind: 'GlobalConfig', id: 'global', reason, message }
}

function idOf(source: RouteSource): string {
  const id = source.json['id']
  return typeof id === 'string' ? id : source.key
}

function textsAt(json: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const value = json[key]
  return Array.isArray(value) && value.length > 0 ? value.filter(item => typeof item === 'string') : noTexts
}
