/**
 * The limits and lists of addresses of the global configuration as steps of a route, behind its own guards: what these
 * refuse is not counted.
 */
import { isLimit } from '../../limits/global-limits.ts'
import type { Phase, PluginServices, RouteView } from '../../plugin/contract.ts'
import { addressLimit, globalLimit } from '../../plugin/global-limits.ts'
import type { Chain, ChainStep } from '../pipeline/chain.ts'
import { addressFilter } from './address-filter.ts'
import type { CompiledChain } from './chain.ts'
import type { CompileEnvironment } from './environment.ts'

/** Metadata by which a route has its own say on the setting of the engine. */
const OWN_SAY = 'otoroshi-core-apply-legacy-checks'

/**
 * The chain with the global lists and limits; that of the admin API has none, for nobody may be locked out of it. Refused
 * when a list cannot be read. Rejects never.
 */
export async function withLegacyChecks(
  chain: Chain,
  route: RouteView,
  env: CompileEnvironment,
  services: (slot: number, plugin: string) => PluginServices,
): Promise<CompiledChain> {
  const { thread, global } = env
  const say = Object.hasOwn(route.metadata, OWN_SAY) ? route.metadata[OWN_SAY] : undefined
  const applies = say === 'true' || (say !== 'false' && (global.legacyChecks ?? thread.legacyChecks))
  if (!applies || route.id === thread.privateRoute?.routeId) return { ok: true, chain }
  const filter = await addressFilter(global.addresses, thread.plugins, services)
  if (!filter.ok) return filter
  const { counting, board } = thread
  const { perAddress, calls } = global.limits
  const steps = [
    // First, so that whoever is on a list counts nowhere.
    ...filter.chain.access,
    ...(isLimit(perAddress) ? [step('address-limit', addressLimit(counting, board))] : []),
    ...(isLimit(calls) ? [step('global-limit', globalLimit(counting))] : []),
  ]
  const checked = steps.length === 0 ? chain : { ...chain, access: [...chain.access, ...steps] }
  return { ok: true, chain: checked }
}

function step(name: string, run: Phase): ChainStep<Phase> {
  return { plugin: name, only: null, run, debug: false }
}
