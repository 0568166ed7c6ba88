/** What flow reports say about routing and about the plugins of the route. */
import type { ClientRequest } from '../../plugin/contract.ts'
import type { Chain } from '../pipeline/chain.ts'
import type { MatchTrace } from '../router/index.ts'

/** The candidates, and why each was not taken. */
export function describeTrace(trace: MatchTrace): Record<string, unknown> {
  return { outcome: trace.outcome, matched_path: trace.matchedPath, candidates: trace.candidates }
}

/** The plugins of the route by whether they take part. Field names are upstream's. */
export function describePlugins({ slots, disabled }: Chain, request: ClientRequest): Record<string, unknown> {
  const takesPart = slots.map(({ only }) => only === null || only(request))
  return {
    included_plugins: slots.filter((_, i) => takesPart[i]).map(({ plugin }) => plugin),
    excluded_plugins: slots.filter((_, i) => !takesPart[i]).map(({ plugin }) => plugin),
    disabled_plugins: disabled,
  }
}
