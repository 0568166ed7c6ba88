/** Strategies that prefer the target that answers fastest on average. */
import type { Candidates } from '../candidates.ts'
import type { TargetStats } from '../stats.ts'
import type { CompiledTarget } from '../target.ts'
import { draw, type Strategy, type StrategyServices } from './strategy.ts'

/** The first target without a measure, else the one with the lowest average. */
function fastest(candidates: Candidates, stats: TargetStats): CompiledTarget {
  let best = 0
  let lowest = Number.POSITIVE_INFINITY
  for (let i = 0; i < candidates.size; i++) {
    const average = stats.averageTime(candidates.targets[i]!.index)
    if (average === null) return candidates.targets[i]!
    if (average < lowest) {
      lowest = average
      best = i
    }
  }
  return candidates.targets[best]!
}

export function bestResponseTime({ stats }: StrategyServices): Strategy {
  return { pick: candidates => fastest(candidates, stats) }
}

/** A draw in which the fastest has `ratio` of the places on top of its own. `ratio` is clamped to 0 … 0.99. */
export function weightedBestResponseTime({ stats, random }: StrategyServices, ratio: number): Strategy {
  const share = Math.min(0.99, Math.max(0, ratio))
  return {
    pick(candidates) {
      const best = fastest(candidates, stats)
      if (stats.averageTime(best.index) === null) return best
      const place = draw(random, Math.round(candidates.total / (1 - share)))
      return place < candidates.total ? candidates.at(place) : best
    },
  }
}
