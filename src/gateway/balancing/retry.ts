/** How often a call is tried and how long to wait in between. Whether a given failure may be tried again is the engine's. */

export interface RetrySettings {
  /** Attempts in all; 0 is read as 1. */
  readonly attempts: number
  /** Before the second attempt, milliseconds. */
  readonly initialDelay: number
  /** Growth of the delay per attempt. */
  readonly factor: number
  /** Part of each delay that is drawn at random, 0 to 1; default 0. Spreads clients that failed together. */
  readonly jitter?: number
}

export interface RetryPlan {
  readonly attempts: number
  /** Milliseconds to wait before the `attempt`-th attempt (2 is the first that waits). */
  delayBefore(attempt: number, random?: () => number): number
}

/** Longest wait between two attempts, milliseconds: growth has an end whatever the factor. */
export const MOST_DELAY = 30_000

/** Compiles retry settings. The k-th wait is `initialDelay × factor^(k-1)`, at most `MOST_DELAY`. */
export function compileRetry(settings: RetrySettings): RetryPlan {
  const attempts = Math.max(1, Math.trunc(settings.attempts))
  const jitter = Math.min(1, Math.max(0, settings.jitter ?? 0))
  return {
    attempts,
    delayBefore(attempt, random = Math.random) {
      if (attempt < 2) return 0
      const grown = settings.initialDelay * settings.factor ** (attempt - 2)
      // 0 × Infinity is NaN: an initial delay of zero stays zero.
      const delay = Number.isNaN(grown) ? 0 : Math.min(MOST_DELAY, Math.max(0, grown))
      return jitter === 0 ? delay : delay * (1 - jitter * random())
    },
  }
}
