/** How long an answer is fresh, and how old it is (RFC 9111, 4.2; RFC 9213 for directives meant for caches like this one). */
import { type Directives, readDirectives, readTargeted } from './cache-control.ts'
import { type Fields, single } from './fields.ts'
import { readDate } from './http-date.ts'

/** Statuses an answer may be kept with though it says nothing about it (RFC 9110, 15.1). */
const HEURISTIC = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])
/** Part of the time since the last change that an answer is taken to be fresh for (RFC 9111, 4.2.2), and the most of it. */
const HEURISTIC_PART = 0.1
const LONGEST_HEURISTIC = 86_400_000

/** What the fields of an answer say about its life. Times in milliseconds. */
export interface Life {
  readonly directives: Directives
  /** Null: it says nothing. Never negative. */
  readonly lifetime: number | null
  /** Lifetime guessed from `Last-Modified`; 0 when nothing may be guessed. */
  readonly guess: number
  /** It may be kept without having said for how long. */
  readonly silentlyCacheable: boolean
  /** Age when it arrived, the way included. */
  readonly initialAge: number
}

/** `asked`, `arrived`: when the request was sent and the head of the answer came. */
export function lifeOf(status: number, fields: Fields, asked: number, arrived: number): Life {
  const targeted = readTargeted(fields.getAll('cdn-cache-control'))
  const directives = targeted ?? readDirectives(fields.getAll('cache-control'))
  const dated = single(fields, 'date')
  const date = (dated === null ? null : readDate(dated, arrived)) ?? arrived
  const silentlyCacheable = HEURISTIC.has(status) || directives.has('public')
  const modified = single(fields, 'last-modified')
  const changed = modified === null ? null : readDate(modified, arrived)
  const guess =
    changed === null || !silentlyCacheable
      ? 0
      : Math.min(Math.max(0, (date - changed) * HEURISTIC_PART), LONGEST_HEURISTIC)
  return {
    directives,
    lifetime: lifetimeOf(directives, targeted === null ? fields.getAll('expires') : [], date, arrived),
    guess,
    silentlyCacheable,
    initialAge: Math.max(0, arrived - date, ageOf(fields) * 1000 + Math.max(0, arrived - asked)),
  }
}

/** `lines`: of `Expires` that field; what is meant for this cache stands alone, without them (RFC 9213, 2.1). */
function lifetimeOf(
  directives: Directives,
  lines: readonly string[],
  date: number,
  now: number,
): number | null {
  const seconds = directives.seconds('s-maxage') ?? directives.seconds('max-age')
  if (seconds !== null) return seconds * 1000
  if (lines.length === 0) return null
  const expires = lines.length === 1 ? readDate(lines[0]!.trim(), now) : null
  return expires === null ? 0 : Math.max(0, expires - date)
}

/** Seconds in `Age`; of several the first counts, one that is no number does not. */
function ageOf(fields: Fields): number {
  const first = fields.getAll('age')[0]?.split(',', 1)[0]?.trim() ?? ''
  return /^\d+$/.test(first) ? Math.min(Number(first), 2_147_483_648) : 0
}
