/** How many calls a subject may make. */

/** Upstream's number for "no limit meant". */
export const PLENTY = 10_000_000

export interface Plan {
  /** A bucket of tokens in place of a window of fixed length. */
  readonly bucket: boolean
  /** The window or bucket is each instance's own, whatever store they share. Buckets always are. */
  readonly local: boolean
  /** Calls per window; tokens a full bucket holds. */
  readonly window: number
  /** Length of the window, or the shortest time between two refills, milliseconds. */
  readonly windowMs: number
  /** Tokens per millisecond that a bucket gets back. */
  readonly refill: number
  readonly daily: number
  readonly monthly: number
}

/** A window of fixed length with quotas. */
export function windowPlan(window: number, windowMs: number, daily = PLENTY, monthly = PLENTY): Plan {
  return { bucket: false, local: false, window, windowMs, refill: 0, daily, monthly }
}

/** The same with a window that each instance counts for itself. */
export function localPlan(window: number, windowMs: number, daily = PLENTY, monthly = PLENTY): Plan {
  return { ...windowPlan(window, windowMs, daily, monthly), local: true }
}

/** A bucket that is full at first. `interval`: milliseconds between refills of `tokens`. */
export function bucketPlan(
  capacity: number,
  interval: number,
  tokens: number,
  daily = PLENTY,
  monthly = PLENTY,
): Plan {
  const windowMs = Math.max(1, interval)
  return { bucket: true, local: true, window: capacity, windowMs, refill: tokens / windowMs, daily, monthly }
}

/** No window, only quotas of the day and the month. */
export function quotaPlan(daily: number, monthly: number): Plan {
  return windowPlan(Number.POSITIVE_INFINITY, 1_000, daily, monthly)
}
