/**
 * Time-outs without timers: each connection carries a deadline and one interval per thread looks at all of them. Setting
 * a deadline is writing a number. Precision is the period, a quarter of a second; time-outs are never early.
 */
import { performance } from 'node:perf_hooks'

export interface Expiring {
  /** Milliseconds on the sweeper's clock (`clock.now`), Infinity for none. */
  deadline: number
  expire(): void
}

const PERIOD = 250

/** Milliseconds on a monotonic clock, refreshed by the sweep and, more exactly, by whoever calls `refresh`. */
export const clock = {
  now: performance.now(),
  refresh(): number {
    clock.now = performance.now()
    return clock.now
  },
}

const watched = new Set<Expiring>()
let timer: NodeJS.Timeout | null = null

export function watch(item: Expiring): void {
  watched.add(item)
  if (timer === null) {
    clock.refresh()
    timer = setInterval(sweep, PERIOD)
    timer.unref()
  }
}

export function unwatch(item: Expiring): void {
  watched.delete(item)
  if (watched.size === 0 && timer !== null) {
    clearInterval(timer)
    timer = null
  }
}

/** A deadline `ms` from now; adds the period because `clock.now` may be that old. */
export function inTime(ms: number): number {
  if (ms <= 0) return Number.POSITIVE_INFINITY
  // While nothing is watched nobody moves the clock.
  if (timer === null) clock.refresh()
  return clock.now + ms + PERIOD
}

function sweep(): void {
  const now = clock.refresh()
  for (const item of watched) if (item.deadline < now) item.expire()
}
