/** A backend compiled from its JSON. Faults are values: the route that uses the backend is closed with them (law 1). */
import { type BackendSettings, backendSettingsSchema, normalizeBackend } from '../../model/types/backend.ts'
import { type Parsed, parse, type SchemaFault } from '../../schema/index.ts'
import { type ClientPlan, compileClient, compileTimeouts, type TimeoutProfile } from './client.ts'
import { type InstanceLocation, unknownLocation } from './predicate.ts'
import { type Balancing, compileBalancing, isStrategy } from './strategies/index.ts'
import { type CompiledTarget, compileTarget } from './target.ts'

export interface CompiledBackend {
  readonly targets: readonly CompiledTarget[]
  /** May hold expressions. */
  readonly root: string
  readonly rewrite: boolean
  readonly balancing: Balancing
  readonly client: ClientPlan
  /** Timeouts for a path and query. */
  readonly timeoutsFor: (pathAndQuery: string) => TimeoutProfile
  readonly healthCheck: BackendSettings['health_check']
  readonly json: BackendSettings
}

/** More targets than this are a fault: the balancer walks them on each request when one is out. */
const MOST_TARGETS = 10_000

/** Validates and compiles a backend. Never throws. */
export function compileBackend(
  json: unknown,
  here: InstanceLocation = unknownLocation,
): Parsed<CompiledBackend> {
  const parsed = parse(backendSettingsSchema, withKnownStrategy(normalizeBackend(json)))
  if (!parsed.ok) return parsed
  const settings = parsed.value
  const faults: SchemaFault[] = []
  const targets: CompiledTarget[] = []
  if (settings.targets.length > MOST_TARGETS)
    return { ok: false, faults: [{ path: 'targets', message: `more than ${MOST_TARGETS} targets` }] }
  for (const [index, target] of settings.targets.entries()) {
    const compiled = compileTarget(target, index, here)
    if (compiled.ok) targets.push(compiled.value)
    else faults.push(...compiled.faults)
  }
  const places = targets.reduce((sum, target) => sum + target.weight, 0)
  if (places >= 2 ** 31) faults.push({ path: 'targets', message: 'the weights add up to 2^31 or more' })
  const client = compileClient(settings.client)
  if (!client.ok) return { ok: false, faults: [...faults, ...client.faults] }
  if (faults.length > 0) return { ok: false, faults }
  const value: CompiledBackend = {
    targets,
    root: settings.root,
    rewrite: settings.rewrite,
    balancing: compileBalancing(settings.load_balancing),
    client: client.value,
    timeoutsFor: compileTimeouts(client.value),
    healthCheck: settings.health_check,
    json: settings,
  }
  return { ok: true, value }
}

/** An unknown strategy is read as round robin, as upstream does: it chooses differently, it lets nobody in. */
function withKnownStrategy(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  const balancing = (json as Record<string, unknown>)['load_balancing']
  if (typeof balancing !== 'object' || balancing === null) return json
  const type = (balancing as Record<string, unknown>)['type']
  if (type === undefined || type === null || isStrategy(type)) return json
  return { ...json, load_balancing: { ...balancing, type: 'RoundRobin' } }
}
