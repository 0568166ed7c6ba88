import type { FailedPredicate } from './predicates.ts'

/** How the search for a route ended. */
export type MatchOutcome =
  | 'matched'
  /** No route names the domain. */
  | 'no_domain'
  /** The domain has routes, none of them for the path. */
  | 'no_path'
  /** Routes have the domain and the path, none accepts the request. */
  | 'no_candidate'
  /** `%2F` or `%5C` in the path, and taking it for a separator leads to another route. */
  | 'ambiguous_path'

export interface Candidate {
  readonly id: string
  /** The first condition that failed; null for the chosen route and for those behind it, which were not asked. */
  readonly failed: FailedPredicate | null
  readonly chosen: boolean
}

/** Why a request got its route, for explanations. Filled by `Router.match`. */
export class MatchTrace {
  outcome: MatchOutcome = 'no_domain'
  /** Path consumed by the selected place, null when there is none. */
  matchedPath: string | null = null
  /** In the order in which they are tried; disabled routes of the same place last. */
  readonly candidates: Candidate[] = []

  add(id: string, failed: FailedPredicate | null, chosen = false): void {
    this.candidates.push({ id, failed, chosen })
  }
}
