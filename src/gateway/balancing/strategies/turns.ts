/** Strategies that look at nothing but turns and chance. */
import { draw, nextPlace, type Strategy, type StrategyServices } from './strategy.ts'

/** One counter of the route goes round, so that all threads together take turns. */
export function roundRobin({ turns }: StrategyServices): Strategy {
  return { pick: candidates => candidates.at(nextPlace(turns!, candidates.total)) }
}

/** The first target until it fails, then the next. */
export function naiveFailover(): Strategy {
  return { pick: (candidates, _request, attempt) => candidates.at((attempt - 1) % candidates.total) }
}

/** Any target, weights respected. */
export function random(services: StrategyServices): Strategy {
  return { pick: candidates => candidates.at(draw(services.random, candidates.total)) }
}
