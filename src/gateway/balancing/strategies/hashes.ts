/** Strategies that keep a client at its target: a hash of what identifies it, moved as little as possible by changes. */
import { placeOf } from '../hash.ts'
import { nextPlace, type RequestFacts, type Strategy, type StrategyServices } from './strategy.ts'

/** By the tracking cookie. */
export function sticky(): Strategy {
  return { pick: (candidates, request) => candidates.at(placeOf(request.trackingId(), candidates.total)) }
}

/** By the client's address. */
export function ipAddressHash(): Strategy {
  return { pick: (candidates, request) => candidates.at(placeOf(request.ip, candidates.total)) }
}

/** By a value the request may lack: then targets take turns. */
export function valueHash(
  { turns }: StrategyServices,
  read: (request: RequestFacts) => string | undefined,
): Strategy {
  return {
    pick(candidates, request) {
      const value = read(request)
      const places = candidates.total
      return candidates.at(value === undefined ? nextPlace(turns!, places) : placeOf(value, places))
    },
  }
}
