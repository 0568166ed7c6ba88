/** What a strategy of balancing is: it picks from a list that is never empty, without waiting and without side effects on targets. */
import type { Cell } from '../../../limits/cells.ts'
import type { Candidates } from '../candidates.ts'
import type { TargetStats } from '../stats.ts'
import type { CompiledTarget } from '../target.ts'

/** What is asked of the request, and only by strategies that need it. */
export interface RequestFacts {
  /** Value of the tracking cookie, or a new one that the answer will set. */
  trackingId(): string
  readonly ip: string
  /** First value, or undefined. */
  cookie(name: string): string | undefined
  query(name: string): string | undefined
  /** `name` in lower case. */
  header(name: string): string | undefined
}

export interface Strategy {
  /** `attempt` counts from 1. */
  pick(candidates: Candidates, request: RequestFacts, attempt: number): CompiledTarget
}

/** What strategies of one backend work with. */
export interface StrategyServices {
  /** Turns of the route, shared by all threads; null unless `Balancing.takesTurns`. */
  readonly turns: Cell | null
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** By index of the target in the backend; null where the strategy has not asked for it. */
  readonly stats: TargetStats
}

/** Next place of a round, counting from 1 as upstream does. */
export function nextPlace(turns: Cell, places: number): number {
  return (turns.add(1) >>> 0) % places
}

/** A whole number below `limit`. */
export function draw(random: () => number, limit: number): number {
  return Math.floor(random() * limit)
}
