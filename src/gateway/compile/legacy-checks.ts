/** The limits of the global configuration as steps of a route, behind its own guards: what they refuse is not counted. */
import { isLimit } from '../../limits/global-limits.ts'
import type { Phase, RouteView } from '../../plugin/contract.ts'
import { addressLimit, globalLimit } from '../../plugin/global-limits.ts'
import type { Chain, ChainStep } from '../pipeline/chain.ts'
import type { CompileEnvironment } from './environment.ts'

/** Metadata by which a route has its own say on the setting of the engine. */
const OWN_SAY = 'otoroshi-core-apply-legacy-checks'

/** The chain with the global limits; that of the admin API has none, for nobody may be locked out of it. */
export function withLegacyChecks(
  chain: Chain,
  route: RouteView,
  { thread, global }: CompileEnvironment,
): Chain {
  const say = Object.hasOwn(route.metadata, OWN_SAY) ? route.metadata[OWN_SAY] : undefined
  const applies = say === 'true' || (say !== 'false' && global.legacyChecks)
  if (!applies || route.id === thread.privateRoute?.routeId) return chain
  const { counting } = thread
  const { perAddress, calls } = global.limits
  const steps = [
    ...(isLimit(perAddress) ? [step('address-limit', addressLimit(counting))] : []),
    ...(isLimit(calls) ? [step('global-limit', globalLimit(counting))] : []),
  ]
  return steps.length === 0 ? chain : { ...chain, access: [...chain.access, ...steps] }
}

function step(name: string, run: Phase): ChainStep<Phase> {
  return { plugin: name, only: null, run, debug: false }
}
