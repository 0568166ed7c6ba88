/** The list of the last purges as it stands in the store: JSON of bounded length. */
import { randomUUID } from 'node:crypto'
import { isObject } from '../model/types/shape.ts'
import type { PurgeOrder } from '../cache/index.ts'

export interface KeptPurge extends PurgeOrder {
  /** Counts up by one. */
  readonly n: number
  /** Instance that ordered it. */
  readonly by: string
  /** Epoch milliseconds. */
  readonly at: number
}

export interface PurgeList {
  /** Another text: the list began anew, and its numbers too. Empty: there is no list. */
  readonly epoch: string
  /** Number of the last purge. */
  readonly last: number
  /** The oldest first, without gaps up to `last`. */
  readonly purges: readonly KeptPurge[]
}

const nothing: PurgeList = { epoch: '', last: 0, purges: [] }

/** Milliseconds a purge stays on the list: who was away for longer drops everything. */
const LIFE = 3_600_000
const MOST_PURGES = 500
const MOST_CHARACTERS = 1_000_000

/** Reads a list. What is none counts as an empty one: it begins anew with the next purge. */
export function readPurges(text: string | null): PurgeList {
  if (text === null || text.length > 2 * MOST_CHARACTERS) return nothing
  try {
    const list: unknown = JSON.parse(text)
    if (!isObject(list)) return nothing
    const { epoch, last, purges } = list
    if (typeof epoch !== 'string' || !Number.isSafeInteger(last) || !Array.isArray(purges)) return nothing
    return purges.every(isPurge) ? { epoch, last: last as number, purges } : nothing
  } catch {
    return nothing
  }
}

/** The list with one more purge, as text; the oldest make room. */
export function withPurge({ epoch, last, purges }: PurgeList, order: Omit<KeptPurge, 'n'>): string {
  const kept = [...purges.filter(({ at }) => at > order.at - LIFE), { ...order, n: last + 1 }].slice(
    -MOST_PURGES,
  )
  const head = { epoch: epoch === '' ? randomUUID() : epoch, last: last + 1 }
  for (;;) {
    const text = JSON.stringify({ ...head, purges: kept })
    if (text.length <= MOST_CHARACTERS || kept.length === 0) return text
    kept.splice(0, Math.ceil(kept.length / 2))
  }
}

function isPurge(value: unknown): value is KeptPurge {
  if (!isObject(value)) return false
  const { n, by, at, route, urls, tags } = value
  return (
    Number.isSafeInteger(n) &&
    typeof by === 'string' &&
    typeof at === 'number' &&
    (route === null || typeof route === 'string') &&
    areTexts(urls) &&
    areTexts(tags)
  )
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(text => typeof text === 'string')
}
