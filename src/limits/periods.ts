/** Beginnings of windows, days and months. Everything here is called under the latch of a slot. */
import type { Calendar } from './calendar.ts'
import { COUNT, DAY, END, MONTH, PENDING } from './count-memory.ts'

/** Milliseconds by which steps may come in another order than their times. */
const SLACK = 10_000
/** Longest day and month there are: a period that ends later was made by a clock that was wrong. */
const LONGEST_DAY = 26 * 3_600_000
const LONGEST_MONTH = 31 * 86_400_000 + 7_200_000
/** How long a subject that calls no more keeps its slot, milliseconds. */
export const IDLE = 300_000

/** True when a period that ends at `end` is over, or cannot be meant. */
export function isOutside(end: number, now: number, longest: number): boolean {
  // A little longer is no wrong clock: threads read it one after another and use it in another order.
  return now >= end || end - now > longest + SLACK
}

/** Begins the period of a counter. */
export function begin(doubles: Float64Array, counter: number, end: number): void {
  doubles[counter + END] = end
  doubles[counter + COUNT] = 0
  doubles[counter + PENDING] = 0
}

/** Begins day and month where those of the slot at `at` are over. */
export function turnDays(doubles: Float64Array, at: number, calendar: Calendar, now: number): void {
  if (isOutside(doubles[at + DAY]!, now, LONGEST_DAY)) begin(doubles, at + DAY, calendar.dayEnd(now))
  if (isOutside(doubles[at + MONTH]!, now, LONGEST_MONTH)) begin(doubles, at + MONTH, calendar.monthEnd(now))
}
