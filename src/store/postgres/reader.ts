/** Reads: keys asked for in one turn share a statement; lists come in key order, page by page. */
import type { Pool } from 'pg'
import { type Entry, StoreUnavailable } from '../contract.ts'
import { compareKeys } from '../keys.ts'
import { unavailable } from './failure.ts'
import { never, type Table } from './table.ts'

/** Most keys of one statement. */
const groupSize = 500
/** Most entries of a page, and the bytes after which it ends early. */
const pageSize = 1000
const pageBytes = 4 * 1024 * 1024

interface Asked {
  readonly key: string
  readonly resolve: (value: string | null) => void
  readonly reject: (error: unknown) => void
}

export class Reader {
  readonly #pool: Pool
  readonly #select: string
  readonly #page: (bounds: string) => string
  readonly #ends: string
  readonly #member: string
  #asked: Asked[] = []

  constructor(pool: Pool, { name, alive, text }: Table) {
    this.#pool = pool
    this.#select = `SELECT e.key, ${text} AS value FROM ${name} e WHERE e.key = ANY($1::text[]) AND ${alive}`
    this.#ends = `
      SELECT e.key, floor(extract(epoch FROM e.ttl_starting_at + e.ttl) * 1000)::text AS value FROM ${name} e
      WHERE e.key = ANY($1::text[]) AND ${alive} AND e.ttl < ${never}`
    // Upstream's sets are objects whose keys are the members.
    this.#member = `SELECT e.key, '' AS value FROM ${name} e
      WHERE e.key = $1 AND e.type = 'set' AND e.svalue ? $2 AND ${alive}`
    // The running total stops a page before it grows too great; how many rows there were tells whether it was the last.
    this.#page = bounds => `
      SELECT key, value, rows FROM (
        SELECT key, value, count(*) OVER () AS rows,
          sum(octet_length(value)) OVER (ORDER BY key COLLATE "C") - octet_length(value) AS before
        FROM (
          SELECT e.key, ${text} AS value FROM ${name} e
          WHERE ${bounds} AND e.type IN ('string', 'counter') AND ${alive}
          ORDER BY e.key COLLATE "C" LIMIT ${pageSize}
        ) page
      ) counted WHERE before < ${pageBytes} ORDER BY key COLLATE "C"`
  }

  get(key: string): Promise<string | null> {
    if (!storable(key)) return Promise.resolve(null)
    return new Promise((resolve, reject) => {
      if (this.#asked.push({ key, resolve, reject }) === 1) queueMicrotask(() => this.#ask())
    })
  }

  /** `usable` throws once the store is closed; `start`: the key to begin with. */
  async *scan(prefix: string, usable: () => void, start = prefix): AsyncGenerator<readonly Entry[]> {
    usable()
    if (!storable(prefix) || !storable(start)) return
    const end = endOf(prefix)
    let from = compareKeys(start, prefix) > 0 ? start : prefix
    for (let first = true; ; first = false) {
      usable()
      const bounds = [
        `e.key COLLATE "C" ${first ? '>=' : '>'} $1`,
        ...(end === null ? [] : ['e.key COLLATE "C" < $2']),
      ]
      const rows = await this.#rows(this.#page(bounds.join(' AND ')), end === null ? [from] : [from, end])
      if (rows.length > 0) yield rows.map(({ key, value }) => ({ key, value }))
      const there = Number(rows[0]?.rows ?? 0)
      if (there < pageSize && rows.length === there) return
      from = rows.at(-1)!.key
    }
  }

  /** When keys expire, epoch milliseconds; 0 for never and for keys that are gone. */
  async expiries(keys: readonly string[]): Promise<readonly number[]> {
    const rows = await this.#rows(this.#ends, [keys.filter(storable)])
    const ends = new Map(rows.map(({ key, value }) => [key, Number(value)]))
    return keys.map(key => ends.get(key) ?? 0)
  }

  /** True when the set under the key has the text. */
  async hasMember(key: string, text: string): Promise<boolean> {
    if (!storable(key) || !storable(text)) return false
    return (await this.#rows(this.#member, [key, text])).length > 0
  }

  #ask(): void {
    const asked = this.#asked
    this.#asked = []
    for (let i = 0; i < asked.length; i += groupSize) void this.#answer(asked.slice(i, i + groupSize))
  }

  async #answer(asked: readonly Asked[]): Promise<void> {
    try {
      const rows = await this.#rows(this.#select, [[...new Set(asked.map(({ key }) => key))]])
      const values = new Map(rows.map(({ key, value }) => [key, value]))
      for (const { key, resolve } of asked) resolve(values.get(key) ?? null)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }

  async #rows(text: string, values: unknown[]): Promise<{ key: string; value: string; rows?: string }[]> {
    try {
      return (await this.#pool.query(text, values)).rows
    } catch (error) {
      throw error instanceof StoreUnavailable ? error : unavailable('read', error)
    }
  }
}

/** False for a key that no row can have: looking for it is an error to PostgreSQL. */
export function storable(key: string): boolean {
  return key.isWellFormed() && !key.includes('\0')
}

/** The least text greater than every text with the prefix, null when there is none. */
function endOf(prefix: string): string | null {
  const points = Array.from(prefix, character => character.codePointAt(0)!)
  for (let last = points.pop(); last !== undefined; last = points.pop())
    if (last < 0x10ffff)
      return String.fromCodePoint(...points, last + 1 >= 0xd800 && last < 0xe000 ? 0xe000 : last + 1)
  return null
}
