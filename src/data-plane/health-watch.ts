/**
 * Which targets are checked: those of the routes of the revision, as deltas change them. Runs on one thread; what it finds
 * is seen by the balancers of all threads.
 *
 * Guarantees: routes without a health check cost one look at their text per change; a change of a route or of its backend
 * is followed, a route that is closed, disabled or gone is not checked.
 */
import { originOf, usableBy } from '../gateway/backends/origin-of.ts'
import type { PoolLease, Pools } from '../gateway/backends/pools.ts'
import {
  type CompiledBackend,
  type CompiledTarget,
  compileBackend,
  type InstanceLocation,
} from '../gateway/balancing/index.ts'
import { HealthChecks, type HealthCheckSettings, type HealthOutcome } from '../gateway/health/index.ts'
import type { LiveRevision } from '../gateway/revision/live-revision.ts'
import { storedCertificate } from '../gateway/revision/stored-certificate.ts'
import type { SharedCells } from '../limits/cells.ts'
import { backend as backendKind } from '../model/kinds/backend.ts'
import { route as routeKind } from '../model/kinds/route.ts'
import { readEntityText } from '../model/read.ts'
import type { Delta } from '../revision/delta.ts'
import { type HealthFields, healthFields, type TokenServices } from './health-identity.ts'
import { probeThrough } from './health-probe.ts'

export interface HealthWatchOptions {
  readonly settings: HealthCheckSettings
  readonly revision: LiveRevision
  readonly pools: Pools
  readonly cells: SharedCells
  readonly here: InstanceLocation
  /** The route of the admin API: its backend is the gateway itself. */
  readonly adminRoute: string
  readonly tokens: TokenServices
  readonly onOutcome: (outcome: HealthOutcome) => void
  readonly log: (level: 'info' | 'warn', message: string) => void
}

/** Texts that may ask for checks: the others are not parsed. */
const ASKS = /"health_check"\s*:\s*\{(?!\s*"enabled"\s*:\s*false\b)|"backend_ref"\s*:\s*"/
/** Milliseconds of reading after which requests get their turn. */
const SLICE = 4

/** A backend with the organization of who wrote it. */
interface OwnedBackend {
  readonly backend: CompiledBackend
  readonly tenant: string
}

export class HealthWatch {
  readonly #options: HealthWatchOptions
  readonly #checks: HealthChecks
  /** By checked route. */
  readonly #fields = new Map<string, () => HealthFields>()
  /** Backends of checked routes. */
  readonly #backends = new Map<string, OwnedBackend>()
  /** Route → the stored backend it names, whether that has a check or not. */
  readonly #references = new Map<string, string>()
  /** Route → target → how it was found last. */
  readonly #found = new Map<string, Map<string, string>>()

  constructor(options: HealthWatchOptions) {
    this.#options = options
    this.#checks = new HealthChecks(options.settings, {
      cells: options.cells,
      probe: probeThrough((target, routeId) => this.#hold(target, routeId)),
      clock: Date.now,
      fieldsFor: id => this.#fields.get(id)?.() ?? [],
      onOutcome: outcome => {
        this.#tell(outcome)
        options.onOutcome(outcome)
      },
    })
    this.#checks.start()
  }

  /** Follows a delta that the revision has applied. */
  async follow({ writes, removals }: Delta): Promise<void> {
    let until = performance.now() + SLICE
    for (const { kind, id } of [...writes, ...removals]) {
      if (kind === routeKind.kind) this.#look(id)
      else if (kind === backendKind.kind)
        for (const [route, backend] of this.#references) if (backend === id) this.#look(route)
      if (performance.now() < until) continue
      await new Promise(resolve => setImmediate(resolve))
      until = performance.now() + SLICE
    }
  }

  close(): void {
    this.#checks.close()
  }

  /** Reads a route as it is now. */
  #look(id: string): void {
    const text = this.#options.revision.texts.get(routeKind.kind, id)
    const route = text !== undefined && ASKS.test(text) ? readEntityText(routeKind, text) : null
    if (route?.ok !== true || !route.value.enabled || id === this.#options.adminRoute) {
      this.#references.delete(id)
      this.#put(id, id, null)
      return
    }
    const { name, backend_ref: reference } = route.value
    if (reference === null) this.#references.delete(id)
    else this.#references.set(id, reference)
    const written = reference === null ? route.value : this.#storedBackend(reference)
    const compiled = written === null ? null : compileBackend(written.backend, this.#options.here)
    this.#fields.set(id, healthFields(route.value, this.#options.tokens))
    const owned = compiled?.ok === true ? { backend: compiled.value, tenant: written!._loc.tenant } : null
    this.#put(id, name, owned)
  }

  #storedBackend(id: string) {
    const text = this.#options.revision.texts.get(backendKind.kind, id)
    const parsed = text === undefined ? null : readEntityText(backendKind, text)
    return parsed?.ok === true ? parsed.value : null
  }

  #put(id: string, name: string, owned: OwnedBackend | null): void {
    const checked = owned?.backend.healthCheck?.enabled === true ? owned : null
    if (checked === null) this.#fields.delete(id)
    if (checked === null && !this.#backends.delete(id)) return
    if (checked !== null) this.#backends.set(id, checked)
    this.#found.delete(id)
    this.#checks.put(id, name, checked?.backend ?? null)
  }

  #hold(target: CompiledTarget, routeId: string): PoolLease {
    const { revision, pools } = this.#options
    const owned = this.#backends.get(routeId)
    const proxy = owned?.backend.client.proxy ?? revision.globals.proxy
    const certificates = usableBy(owned?.tenant ?? '', id => storedCertificate(id, revision.texts))
    const origin = originOf(target, target.hostname, proxy, certificates)
    return pools.hold(origin)
  }

  /** Says it once when a target is found otherwise than before. */
  #tell({ routeId, routeName, target, health, status, error }: HealthOutcome): void {
    let found = this.#found.get(routeId)
    if (found === undefined) this.#found.set(routeId, (found = new Map()))
    const before = found.get(target.key)
    found.set(target.key, health)
    if (before === health || (before === undefined && health === 'GREEN')) return
    const why = error ?? `status ${status}`
    const level = health === 'GREEN' ? 'info' : 'warn'
    this.#options.log(level, `target ${target.key} of route ${routeName} is ${health} (${why})`)
  }
}
