/**
 * The revision a thread serves, changed in place by deltas.
 *
 * Guarantees: a delta is prepared beside the traffic (changed routes are compiled first) and then applied in one turn of
 * the event loop, so that no request sees half of it; a route it does not touch keeps its compiled form, connections and
 * counts; faults close single routes and are told (law 1). Deltas are applied one after the other.
 */
import { certificate as certificateKind } from '../../model/kinds/certificate.ts'
import { errorTemplate as templateKind } from '../../model/kinds/error-template.ts'
import { readEntityText } from '../../model/read.ts'
import { refuse } from '../../plugin/answer.ts'
import type { Delta, EntityFault } from '../../revision/delta.ts'
import type { StoredCertificate } from '../backends/origin-of.ts'
import type { CompiledRoute } from '../compile/compiled-route.ts'
import type { CompileEnvironment, EntityReader, ThreadServices } from '../compile/environment.ts'
import { closedRoute, compileRoute } from '../compile/route.ts'
import { compileErrorTemplate, type ErrorTemplate } from '../errors/error-template.ts'
import { compileFrontend, Router } from '../router/index.ts'
import { EntityTexts } from './entity-texts.ts'
import { faultOf, Inspection, type InspectionReport } from './inspection.ts'
import { GlobalChain } from './global-chain.ts'
import { guardingFrontend } from './guarding-frontend.ts'
import { type Globals, readGlobals } from './globals.ts'
import { RouteEntry } from './route-entry.ts'
import { routeKinds, type RouteSource, routesOf } from './route-sources.ts'

/** Changed routes compiled before a delta is applied; of more, the rest is compiled when first called. */
const EAGER = 200

interface Prepared {
  readonly source: RouteSource
  readonly compiled: CompiledRoute | null
}

export class LiveRevision {
  readonly router: Router<RouteEntry>
  readonly texts = new EntityTexts()
  globals: Globals = readGlobals(undefined)
  chain: GlobalChain = GlobalChain.none
  number = -1
  readonly #thread: ThreadServices
  readonly #trailing: boolean
  /** Router keys by `kind id`. */
  readonly #keys = new Map<string, readonly string[]>()
  /** Router keys of the routes that use a stored backend. */
  readonly #users = new Map<string, Set<string>>()
  readonly #backendOf = new Map<string, string>()
  readonly #templates = new Map<string, ErrorTemplate | null>()
  readonly #certificates = new Map<string, StoredCertificate | null>()
  #pending: Promise<unknown> = Promise.resolve()
  #onEntry: ((kind: string, id: string) => void) | null = null
  #inspection: Inspection | null = null

  constructor(thread: ThreadServices, trailingSlashMeansExactSegments = true) {
    this.#thread = thread
    this.#trailing = trailingSlashMeansExactSegments
    this.router = new Router<RouteEntry>({ trailingSlashMeansExactSegments })
  }

  /** Called for each entity that a delta wrote or removed, once it is applied. */
  set onEntity(listener: (kind: string, id: string) => void) {
    this.#onEntry = listener
  }

  /** Looks in the background at routes that are not compiled yet, and reports their faults. One thread does. */
  inspect(report: InspectionReport): void {
    this.#inspection = new Inspection(() => this.number, report)
  }

  /** Applies a delta; resolves with the faults of the entities it wrote once they are served. Never rejects. */
  apply(delta: Delta): Promise<readonly EntityFault[]> {
    const done = this.#pending.then(() => this.#apply(delta))
    this.#pending = done.catch(() => {})
    return done
  }

  /** Template of a route's errors, else the global one, else null. */
  errorTemplate(routeId: string): ErrorTemplate | null {
    if (this.texts.all('ErrorTemplate').size === 0) return null
    return this.#template(routeId) ?? this.#template('global')
  }

  /** Compiles anew, on their next call, the routes for which `touches` says so (plugins that changed). */
  invalidate(touches: (compiled: CompiledRoute) => boolean): void {
    for (const key of [...this.#keys.values()].flat()) {
      const entry = this.router.get(key)
      if (entry?.compiled != null && touches(entry.compiled)) this.#invalidate(key)
    }
  }

  async #apply(delta: Delta): Promise<readonly EntityFault[]> {
    const faults: EntityFault[] = []
    const reader = this.texts.after(delta)
    const globalText = reader.get('GlobalConfig', 'global')
    const globalChanged = globalText !== this.texts.get('GlobalConfig', 'global')
    const globals = globalChanged ? readGlobals(globalText) : this.globals
    const chain = globalChanged
      ? await GlobalChain.compile(globals, this.#environment(globals, reader))
      : this.chain
    if (chain.fault !== null)
      faults.push({
        kind: 'GlobalConfig',
        id: 'global',
        reason: chain.fault.reason,
        message: chain.fault.detail ?? '',
      })
    const prepared = await this.#prepare(delta, globals, reader, faults)
    this.#commit(delta, globals, chain, globalChanged, prepared)
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
    for (const { kind, id, json } of delta.writes) {
      if (!routeKinds.includes(kind)) continue
      const routes = routesOf(kind, id, json)
      if (!routes.ok) {
        faults.push({ kind, id, reason: 'route.invalid', message: routes.fault })
        prepared.set(`${kind} ${id}`, [])
        continue
      }
      const list: Prepared[] = []
      for (const source of routes.sources) {
        const compiled = eager-- > 0 ? await compileRoute(idOf(source), source.json, env) : null
        const fault = compiled === null ? null : faultOf(kind, id, compiled)
        if (fault !== null) faults.push(fault)
        list.push({ source, compiled })
      }
      prepared.set(`${kind} ${id}`, list)
    }
    return prepared
  }

  /** One turn of the event loop: nothing in here waits. */
  #commit(
    delta: Delta,
    globals: Globals,
    chain: GlobalChain,
    globalChanged: boolean,
    prepared: Map<string, Prepared[]>,
  ): void {
    const before = delta.full ? new Set(this.#keys.keys()) : new Set<string>()
    this.texts.apply(delta)
    if (globals.strategy !== this.globals.strategy)
      this.router.reconfigure({ strategy: globals.strategy, trailingSlashMeansExactSegments: this.#trailing })
    this.globals = globals
    if (globalChanged) {
      this.chain.dispose()
      this.chain = chain
    }
    for (const [entity, routes] of prepared) {
      before.delete(entity)
      this.#place(entity, routes)
    }
    for (const entity of before) this.#place(entity, [])
    const backends = new Set<string>()
    let certificates = false
    for (const { kind, id } of [...delta.writes, ...delta.removals]) {
      if (kind === 'Backend') backends.add(id)
      else if (kind === 'ErrorTemplate') this.#templates.delete(id)
      else if (kind === 'Certificate') certificates = true
    }
    for (const { kind, id } of delta.removals) if (routeKinds.includes(kind)) this.#place(`${kind} ${id}`, [])
    if (certificates) this.#certificates.clear()
    this.number = delta.revision
    const fresh = new Set([...prepared.values()].flat().map(p => p.source.key))
    for (const [key] of this.#stale(globalChanged || certificates, backends))
      if (!fresh.has(key)) this.#invalidate(key)
    if (this.#onEntry !== null)
      for (const { kind, id } of [...delta.writes, ...delta.removals]) this.#onEntry(kind, id)
  }

  /** Routes to compile anew because of something they use. */
  *#stale(all: boolean, backends: ReadonlySet<string>): Iterable<[string]> {
    if (all) for (const keys of this.#keys.values()) for (const key of keys) yield [key]
    else for (const backend of backends) for (const key of this.#users.get(backend) ?? []) yield [key]
  }

  /** Makes the router hold exactly these routes for an entity. */
  #place(entity: string, routes: readonly Prepared[]): void {
    const keys = routes.map(({ source }) => source.key)
    for (const key of this.#keys.get(entity) ?? []) {
      if (keys.includes(key)) continue
      this.router.get(key)?.retire()
      this.router.remove(key)
      this.#inspection?.forget(key)
      this.#uses(key, null)
    }
    if (keys.length === 0) this.#keys.delete(entity)
    else this.#keys.set(entity, keys)
    for (const { source, compiled } of routes) {
      const old = this.router.get(source.key)
      const entry = new RouteEntry(source.key, () => this.#compile(entity, source.key), compiled)
      const { json } = source
      const frontend = compileFrontend(json['frontend'])
      this.router.put(
        source.key,
        {
          // A faulty frontend still guards its domains and paths: the route behind it is closed.
          frontend: frontend.ok ? frontend.value : guardingFrontend(json['frontend']),
          enabled: json['enabled'] !== false,
          boundListeners: textsAt(json, 'bound_listeners'),
        },
        entry,
      )
      const ref = json['backend_ref']
      this.#uses(source.key, typeof ref === 'string' ? ref : null)
      if (compiled === null) this.#inspectLater(entity, source.key)
      else this.#inspection?.forget(source.key)
      old?.retire()
    }
  }

  #uses(key: string, backend: string | null): void {
    const before = this.#backendOf.get(key)
    if (before !== undefined) this.#users.get(before)?.delete(key)
    if (backend === null) this.#backendOf.delete(key)
    else {
      this.#backendOf.set(key, backend)
      let users = this.#users.get(backend)
      if (users === undefined) this.#users.set(backend, (users = new Set()))
      users.add(key)
    }
  }

  #invalidate(key: string): void {
    const entity = this.#entityOf(key)
    this.router.get(key)?.invalidate(() => this.#compile(entity, key))
    this.#inspectLater(entity, key)
  }

  #inspectLater(entity: string, key: string): void {
    const space = entity.indexOf(' ')
    const [kind, id] = [entity.slice(0, space), entity.slice(space + 1)]
    this.#inspection?.add(key, { kind, id, compile: () => this.#compile(entity, key) })
  }

  #entityOf(key: string): string {
    const id = key.includes('#') ? key.slice(0, key.lastIndexOf('#')) : key
    return this.#keys.has(`Route ${key}`) ? `Route ${key}` : `RouteComposition ${id}`
  }

  /** Compiles a route from the entities as they are now. */
  async #compile(entity: string, key: string): Promise<CompiledRoute> {
    const space = entity.indexOf(' ')
    const [kind, id] = [entity.slice(0, space), entity.slice(space + 1)]
    const text = this.texts.get(kind, id)
    const routes = text === undefined ? null : routesOf(kind, id, text)
    const source = routes?.ok ? routes.sources.find(s => s.key === key) : undefined
    if (source === undefined)
      return closedRoute(id, null, refuse('route.invalid', { detail: 'the route is gone or cannot be read' }))
    return compileRoute(idOf(source), source.json, this.#environment(this.globals, this.texts))
  }

  #environment(globals: Globals, entities: EntityReader): CompileEnvironment {
    return {
      thread: this.#thread,
      global: globals,
      entities,
      certificates: name => this.#certificate(name, entities),
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

  #certificate(name: string, entities: EntityReader): StoredCertificate | null {
    const text = entities.get('Certificate', name)
    if (text === undefined) return null
    const parsed = readEntityText(certificateKind, text)
    return parsed.ok ? { chain: parsed.value.chain, privateKey: parsed.value.privateKey } : null
  }
}

function idOf(source: RouteSource): string {
  const id = source.json['id']
  return typeof id === 'string' ? id : source.key
}

function textsAt(json: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const value = json[key]
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
