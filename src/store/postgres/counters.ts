/**
 * Counters: one statement adds, whatever others do at the same time. Increments of one key that are asked for while one is under
 * way are added together and answered one by one.
 */
import type { Pool } from 'pg'
import { checkKey, CounterRefused, expiryOf } from '../keys.ts'
import { mayRetry, sqlState, unavailable } from './failure.ts'
import { lifeOf, type Table } from './table.ts'

interface Asked {
  readonly by: number
  /** Milliseconds, 0 for never. */
  readonly ttl: number
  readonly resolve: (value: number) => void
  readonly reject: (error: unknown) => void
}

/** Most increments of one statement. */
const groupSize = 1000
const attempts = 8

export class Counters {
  readonly #pool: Pool
  readonly #add: string
  readonly #waiting = new Map<string, Asked[]>()
  readonly #working = new Set<Promise<void>>()

  constructor(pool: Pool, table: Table) {
    this.#pool = pool
    this.#add = addStatement(table)
  }

  async increment(key: string, by: number, ttl: number): Promise<number> {
    checkKey(key)
    expiryOf(ttl)
    if (!Number.isSafeInteger(by)) throw new CounterRefused(`${key} cannot count by ${by}`)
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key)
      if (waiting !== undefined) {
        waiting.push({ by, ttl, resolve, reject })
        return
      }
      this.#waiting.set(key, [{ by, ttl, resolve, reject }])
      const work = this.#work(key).finally(() => this.#working.delete(work))
      this.#working.add(work)
    })
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working)
  }

  async #work(key: string): Promise<void> {
    await null
    for (;;) {
      const group = this.#waiting.get(key)!.splice(0, groupSize)
      if (group.length === 0) break
      await this.#count(key, group)
    }
    this.#waiting.delete(key)
  }

  async #count(key: string, group: readonly Asked[]): Promise<void> {
    // Where the sum goes on its way: none of the answers may be too great.
    let [sum, low, high] = [0, 0, 0]
    for (const { by } of group) {
      sum += by
      low = Math.min(low, sum)
      high = Math.max(high, sum)
    }
    try {
      const exact = Number.isSafeInteger(low) && Number.isSafeInteger(high)
      const after = exact ? await this.#addAtOnce(key, [sum, low, high, group[0]!.ttl]) : null
      if (after !== null) {
        let value = after - sum
        for (const { by, resolve } of group) {
          value += by
          resolve(value)
        }
      } else if (group.length > 1) for (const alone of group) await this.#count(key, [alone])
      else throw new CounterRefused(`${key} does not hold a counter, or would count too far`)
    } catch (error) {
      const reason = error instanceof CounterRefused ? error : unavailable('count', error)
      for (const { reject } of group) reject(reason)
    }
  }

  /** Null: refused. */
  async #addAtOnce(key: string, [sum, low, high, ttl]: readonly number[]): Promise<number | null> {
    for (let i = 1; ; i++) {
      try {
        const { rows } = await this.#pool.query(this.#add, [key, sum, low, high, ttl === 0 ? null : ttl])
        return rows.length === 0 ? null : Number((rows[0] as { counter: string }).counter)
      } catch (error) {
        // The key is too long for an index: nothing that may be tried again.
        if (sqlState(error) === '54000') throw new CounterRefused(`the key ${key.slice(0, 40)}… is too long`)
        if (!mayRetry(error) || i === attempts) throw error
        await new Promise(resolve => setTimeout(resolve, Math.random() * 10 * 2 ** i))
      }
    }
  }
}

function addStatement({ name, alive }: Table): string {
  const before = `CASE WHEN NOT (${alive}) THEN 0 WHEN e.type = 'counter' THEN coalesce(e.counter, 0)
    WHEN e.type = 'string' AND e.value ~ '^-?[0-9]{1,16}$' THEN e.value::bigint END`
  const limit = Number.MAX_SAFE_INTEGER
  return `INSERT INTO ${name} AS e (key, type, counter, ttl_starting_at, ttl)
    VALUES ($1, 'counter', $2::bigint, now(), ${lifeOf('$5::float8')})
    ON CONFLICT (key) DO UPDATE SET type = 'counter', counter = excluded.counter + ${before}, value = '', kind = '',
      jvalue = '{}',
      ttl_starting_at = CASE WHEN ${alive} THEN e.ttl_starting_at ELSE excluded.ttl_starting_at END,
      ttl = CASE WHEN ${alive} THEN e.ttl ELSE excluded.ttl END
    WHERE (${before})::numeric + $3::bigint >= -${limit} AND (${before})::numeric + $4::bigint <= ${limit}
    RETURNING e.counter`
}
