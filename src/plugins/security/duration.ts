/** Durations in settings: milliseconds, or a text such as `10m`. */
import { schema as v } from '../../plugin/index.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const FORM = /^\s*(\d{1,12})\s*(ms|s|m|h|d)?\s*$/i

/** Longest duration that is counted with: a year. */
const LONGEST = 365 * UNITS['d']!

function milliseconds(given: number | string): number {
  if (typeof given === 'number') return given
  const [, digits, unit = 'ms'] = FORM.exec(given) ?? []
  return digits === undefined ? Number.NaN : Number(digits) * UNITS[unit.toLowerCase()]!
}

/** A duration, 1 ms to a year. What is kept in the settings stays as it was written. */
export const duration = v.pipe(
  v.union([v.number(), v.string()]),
  v.check(given => {
    const ms = milliseconds(given)
    return ms >= 1 && ms <= LONGEST
  }, 'Invalid duration: Expected milliseconds, or a text such as 500ms, 60s, 10m, 3h'),
)

/** Whole milliseconds of a duration of settings. */
export function durationOf(given: number | string): number {
  return Math.round(milliseconds(given))
}
