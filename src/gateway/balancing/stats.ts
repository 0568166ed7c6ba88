/**
 * What balancing knows of the targets of one backend, shared by all threads: requests in flight (by server, whatever
 * route calls it) and the average response time (by route and server, over the life of the instance).
 * Kept only for strategies that ask; otherwise every operation is a no-op (law 9). Requests in flight on a thread that
 * died stay counted: its targets look that much busier until the instance restarts.
 */
import type { Cell, LongCell, SharedCells } from '../../limits/cells.ts'
import type { Balancing } from './strategies/index.ts'
import type { CompiledTarget } from './target.ts'

export interface TargetStats {
  /** Requests in flight to the target at this index of the backend. */
  inFlight(index: number): number
  /** Average of response times in milliseconds, or null before the first. */
  averageTime(index: number): number | null
  started(index: number): void
  finished(index: number): void
  /** Adds a response time, milliseconds. */
  measured(index: number, milliseconds: number): void
  close(): void
}

/** Longer measures are a fault of the clock. */
const MOST_MILLIS = 2 ** 31

/** Opens the cells a strategy needs. */
export function openStats(
  cells: SharedCells,
  scope: string,
  targets: readonly CompiledTarget[],
  needs: Pick<Balancing, 'countsInFlight' | 'measuresTime'>,
): TargetStats {
  const flights: Cell[] = needs.countsInFlight
    ? targets.map(target => cells.open(`balancing:in-flight:${target.key}`))
    : []
  // Microseconds and count are added one after the other: a reader between them sees an average off by one sample.
  const times: LongCell[] = []
  const counts: LongCell[] = []
  if (needs.measuresTime) {
    for (const target of targets) {
      const key = `${scope}-${target.protocol}:${target.key}`
      times.push(cells.openLong(`balancing:time:${key}`))
      counts.push(cells.openLong(`balancing:time-count:${key}`))
    }
  }
  return {
    inFlight: index => flights[index]?.get() ?? 0,
    averageTime(index) {
      const count = counts[index]?.get() ?? 0
      return count === 0 ? null : times[index]!.get() / count / 1000
    },
    started: index => void flights[index]?.add(1),
    finished: index => void flights[index]?.add(-1),
    measured(index, milliseconds) {
      if (counts.length === 0 || !(milliseconds >= 0 && milliseconds < MOST_MILLIS)) return
      times[index]!.add(milliseconds * 1000)
      counts[index]!.add(1)
    },
    close() {
      for (const cell of [...flights, ...times, ...counts]) cells.close(cell)
    },
  }
}
