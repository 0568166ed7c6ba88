/**
 * Finds what others changed without telling: an Otoroshi on the same table, somebody with an SQL prompt, another gateway
 * while the connection was lost.
 *
 * PostgreSQL shows for each row the transaction that wrote it (`xmin`). Each look lets it add these up in groups of keys; the
 * groups that differ from last time are read (keys and versions, never values) and compared.
 * Guarantees: whatever changed since the store was opened is told, once somebody watches; what this instance or a notice
 * told already is not told again, as a rule. Memory: about 120 bytes per key. An expiry is told when its row is removed.
 */
import type { Pool, PoolClient } from 'pg'
import type { Table } from './table.ts'

/** A power of two. */
const groups = 1024
const rowsPerFetch = 5000
/** In place of a version: the row is gone. */
const gone = ''
/** Most keys remembered as told between two looks; beyond, some are told twice. */
const mostTold = 200_000

export class RowVersions {
  readonly #pool: Pool
  readonly #table: Table
  readonly #tell: (keys: readonly string[]) => void
  #sums = new Map<string, string>()
  readonly #versions = new Map<string, Map<string, string>>()
  #told = new Map<string, string>()
  #looking: Promise<void> | null = null
  #again = false

  /** `tell` hears of changes. */
  constructor(pool: Pool, table: Table, tell: (keys: readonly string[]) => void) {
    this.#pool = pool
    this.#table = table
    this.#tell = tell
  }

  /** Remembers how things are, telling nothing. Rejects when it cannot be read. */
  async begin(): Promise<void> {
    await this.#compare()
  }

  /** What everybody here knows already: the rows written by the transaction `version`, and those it removed. */
  note(written: readonly string[], removed: readonly string[], version: string): void {
    if (this.#told.size > mostTold) this.#told.clear()
    for (const key of written) this.#told.set(key, version)
    for (const key of removed) this.#told.set(key, gone)
  }

  /** Looks and tells; again, when it is asked to while it looks. Rejects when the table cannot be read. */
  look(): Promise<void> {
    if (this.#looking !== null) {
      this.#again = true
      return this.#looking
    }
    this.#looking = this.#lookUntilDone()
    return this.#looking
  }

  /** Resolves when no look is under way. */
  async idle(): Promise<void> {
    await this.#looking?.catch(() => {})
  }

  async #lookUntilDone(): Promise<void> {
    try {
      do {
        this.#again = false
        const changed = await this.#compare()
        if (changed.length > 0) this.#tell(changed)
      } while (this.#again)
    } finally {
      this.#looking = null
    }
  }

  /** Keys that differ from last time, those left out that were told. */
  async #compare(): Promise<readonly string[]> {
    const earlier = this.#told
    this.#told = new Map()
    try {
      const sums = await this.#readSums()
      const different = [...new Set([...sums.keys(), ...this.#sums.keys()])].filter(
        group => sums.get(group) !== this.#sums.get(group),
      )
      const changed = different.length === 0 ? [] : await this.#readGroups(different, earlier)
      // Rows were read after the sums: what changed between shows as a difference next time, and as none then.
      this.#sums = sums
      return changed
    } catch (error) {
      this.#told = new Map([...earlier, ...this.#told])
      throw error
    }
  }

  async #readSums(): Promise<Map<string, string>> {
    const { rows } = await this.#pool.query(
      `SELECT (hashtext(e.key) & ${groups - 1}) AS place,
         count(*) || ' ' || sum(hashtextextended(e.key, e.xmin::text::bigint)) AS total
       FROM ${this.#table.name} e WHERE e.type = 'string' GROUP BY 1`,
    )
    return new Map((rows as { place: string; total: string }[]).map(row => [row.place, row.total]))
  }

  async #readGroups(places: readonly string[], earlier: ReadonlyMap<string, string>): Promise<string[]> {
    const fresh = new Map<string, Map<string, string>>(places.map(place => [place, new Map()]))
    for await (const row of this.#rowsOf(places)) fresh.get(row.place)?.set(row.key, row.version)
    const changed: string[] = []
    const known = (key: string, version: string) =>
      this.#told.get(key) === version || earlier.get(key) === version
    for (const [place, now] of fresh) {
      const before = this.#versions.get(place)
      for (const [key, version] of now)
        if (before?.get(key) !== version && !known(key, version)) changed.push(key)
      for (const key of before?.keys() ?? []) if (!now.has(key) && !known(key, gone)) changed.push(key)
      if (now.size > 0) this.#versions.set(place, now)
      else this.#versions.delete(place)
    }
    return changed
  }

  /** By a cursor: a million rows at once would not fit. */
  async *#rowsOf(places: readonly string[]): AsyncGenerator<{ place: string; key: string; version: string }> {
    const client: PoolClient = await this.#pool.connect()
    let lost = true
    try {
      const only =
        places.length === groups ? '' : `AND hashtext(e.key) & ${groups - 1} IN (${places.map(Number)})`
      await client.query(
        `BEGIN READ ONLY; DECLARE changes NO SCROLL CURSOR FOR
         SELECT (hashtext(e.key) & ${groups - 1}) AS place, e.key, e.xmin::text AS version
         FROM ${this.#table.name} e WHERE e.type = 'string' ${only}`,
      )
      for (;;) {
        const { rows } = await client.query(`FETCH ${rowsPerFetch} FROM changes`)
        yield* rows as { place: string; key: string; version: string }[]
        if (rows.length < rowsPerFetch) break
      }
      await client.query('COMMIT')
      lost = false
    } finally {
      client.release(lost)
    }
  }
}
