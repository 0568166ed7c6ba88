/** Strategies that prefer the target with the fewest requests in flight, over all threads of the instance. */
import { draw, nextPlace, type Strategy, type StrategyServices } from './strategy.ts'

/** The least loaded; those with equal load take turns, by weight. */
export function leastConnections({ stats, turns }: StrategyServices): Strategy {
  return {
    pick(candidates) {
      const { targets } = candidates
      let least = Number.POSITIVE_INFINITY
      let places = 0
      for (const target of targets) {
        const load = stats.inFlight(target.index)
        if (load < least) {
          least = load
          places = 0
        }
        if (load === least) places += target.weight
      }
      let place = nextPlace(turns!, places)
      for (const target of targets) {
        if (stats.inFlight(target.index) !== least) continue
        if (place < target.weight) return target
        place -= target.weight
      }
      // Another thread changed a load in between: any target of the list will do.
      return targets[0]!
    },
  }
}

/** The less loaded of two different targets drawn by weight. Upstream compares a target with itself: plain chance. */
export function powerOfTwoRandomChoices({ stats, random }: StrategyServices): Strategy {
  return {
    pick(candidates) {
      const { targets } = candidates
      const one = candidates.indexAt(draw(random, candidates.total))
      const first = targets[one]!
      if (targets.length === 1) return first
      const drawn = draw(random, candidates.total - first.weight)
      const second = candidates.at(drawn < candidates.startOf(one) ? drawn : drawn + first.weight)
      return stats.inFlight(second.index) < stats.inFlight(first.index) ? second : first
    },
  }
}
