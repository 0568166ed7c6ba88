/** Removes what has expired; nobody sees it any more. Failures wait for the next round. */
import type { Pool } from 'pg'
import type { PostgresTarget } from './target.ts'
import { never, type Table } from './table.ts'

const rowsPerStatement = 1000

export class Sweeper {
  readonly #pool: Pool
  readonly #statement: string
  readonly #every: number
  readonly #after: number
  #timer: NodeJS.Timeout | null = null
  #sweeping: Promise<void> = Promise.resolve()
  #closed = false

  constructor(pool: Pool, { name }: Table, { sweepEvery, sweepAfter }: PostgresTarget) {
    this.#pool = pool
    this.#every = sweepEvery
    this.#after = sweepAfter
    // What never expires is not looked at, so that the index of the rest serves. Rows others hold are left for the next round: waiting for them could end in a deadlock.
    this.#statement = `DELETE FROM ${name} WHERE key IN (
      SELECT e.key FROM ${name} e WHERE e.ttl < ${never} AND e.ttl_starting_at + e.ttl <= now()
      LIMIT ${rowsPerStatement} FOR UPDATE SKIP LOCKED)`
  }

  start(): void {
    this.#later(this.#after)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#sweeping
  }

  #later(pause: number): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweep().catch(() => {})
      void this.#sweeping.then(() => this.#later(this.#every))
    }, pause).unref()
  }

  async #sweep(): Promise<void> {
    while (!this.#closed) {
      const { rowCount } = await this.#pool.query(this.#statement)
      if ((rowCount ?? 0) < rowsPerStatement) return
    }
  }
}
