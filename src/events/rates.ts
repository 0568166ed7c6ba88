/**
 * Requests per second, as moving averages over one, five and fifteen minutes that weigh what is recent more (those of
 * `uptime`). One thread moves them every five seconds; all read them from shared memory.
 */

/** Words of 64 bits that the rates take. */
export const RATE_WORDS = 8
const ONE = 0
const LAST_COUNT = 3
/** Epoch milliseconds of the first tick, 0 before. */
const SINCE = 4
const TICKS = 5

/** Milliseconds between two ticks. */
export const TICK = 5000
/** Weight of the last tick in the average over so many minutes. */
const weights = [1, 5, 15].map(minutes => 1 - Math.exp(-TICK / 60_000 / minutes))

/** Requests per second. */
export interface Rates {
  readonly one: number
  readonly five: number
  readonly fifteen: number
  /** Since the start of the instance. */
  readonly mean: number
}

/** Moves the averages: `count` requests there were so far. The first call only takes note. */
export function tickRates(words: Float64Array, count: number, now: number): void {
  if (words[SINCE] === 0) words[SINCE] = now
  else {
    const rate = ((count - words[LAST_COUNT]!) * 1000) / TICK
    const first = words[TICKS] === 0
    weights.forEach((weight, i) => {
      const average = words[ONE + i]!
      words[ONE + i] = first ? rate : average + weight * (rate - average)
    })
    words[TICKS]!++
  }
  words[LAST_COUNT] = count
}

export function readRates(words: Float64Array): Rates {
  const seconds = (words[TICKS]! * TICK) / 1000
  return {
    one: words[ONE]!,
    five: words[ONE + 1]!,
    fifteen: words[ONE + 2]!,
    mean: seconds === 0 ? 0 : words[LAST_COUNT]! / seconds,
  }
}
