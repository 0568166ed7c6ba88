/**
 * Finds what others changed without telling: an Otoroshi on the same table, somebody with an SQL prompt, another gateway
 * while the connection was lost.
 *
 * PostgreSQL shows for each row the transaction that wrote it (`xmin`). Each look lets it add these up in groups of keys; the
 * groups that differ from last time are read (keys and versions, never values) and compared. Where no transaction at all has
 * ended since last time, nothing is read.
 * Guarantees: whatever changed since the store was opened is told, once somebody watches; what this instance or a notice
 * told already is not told again, as a rule. Memory: about 130 bytes per key. An expiry is told when its row is removed.
 */
import type { Pool, PoolClient } from 'pg'
import type { Watchers } from '../watchers.ts'
import type { Table } from './table.ts'

/** A power of two. */
const groups = 1024
const rowsPerFetch = 5000
/** In place of a version: the row is gone. */
const gone = ''
/** Milliseconds a look may take: longer than a statement somebody waits for. */
const patience = 60_000
/** Most keys remembered as told between two looks; beyond, watchers are asked to look for themselves. */
const mostTold = 200_000
/** Most keys that are looked for one by one; beyond, the same. */
const mostMissing = 1000

export class RowVersions {
  readonly #pool: Pool
  readonly #table: Table
  readonly #watchers: Pick<Watchers, 'tell' | 'tellToLookAgain'>
  #sums = new Map<string, string>()
  #stamp: string | null = null
  readonly #versions = new Map<string, Map<string, string>>()
  #told = new Map<string, string>()
  #lostTrack = false
  #looking: Promise<void> | null = null
  #again = false

  constructor(pool: Pool, table: Table, watchers: Pick<Watchers, 'tell' | 'tellToLookAgain'>) {
    this.#pool = pool
    this.#table = table
    this.#watchers = watchers
  }

  /** Remembers how things are, telling nothing. Rejects when it cannot be read. */
  async begin(): Promise<void> {
    await this.#compare()
  }

  /** What everybody here knows already: the rows written by the transaction `version`, and those it removed. */
  note(written: readonly string[], removed: readonly string[], version: string): void {
    if (this.#told.size > mostTold) {
      this.#told.clear()
      this.#lostTrack = true
    }
    for (const key of written) this.#told.set(key, version)
    for (const key of removed) this.#told.set(key, gone)
  }

  /** The next look reads, whatever the stamp: it may be that of another server. */
  distrust(): void {
    this.#stamp = null
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
        this.#watchers.tell(await this.#compare())
        if (this.#lostTrack) this.#watchers.tellToLookAgain()
        this.#lostTrack = false
      } while (this.#again)
    } finally {
      this.#looking = null
    }
  }

  /** Keys that differ from last time, those left out that were told. */
  async #compare(): Promise<readonly string[]> {
    const stamp = await this.#readStamp()
    if (stamp === this.#stamp) return []
    const earlier = this.#told
    this.#told = new Map()
    try {
      const sums = await this.#readSums()
      const different = [...new Set([...sums.keys(), ...this.#sums.keys()])].filter(
        group => sums.get(group) !== this.#sums.get(group),
      )
      const missing = new Set<string>()
      for (const [key, version] of earlier) if (version !== gone) missing.add(key)
      const changed = different.length === 0 ? [] : await this.#readGroups(different, earlier, missing)
      changed.push(...this.#gone(missing))
      // Rows were read after the sums: what changed between shows as a difference next time, and as none then.
      this.#sums = sums
      this.#stamp = stamp
      return changed
    } catch (error) {
      this.#told = new Map([...earlier, ...this.#told])
      throw error
    }
  }

  /** Which transactions had ended: the same text means that nothing was written in between, anywhere on the server. */
  async #readStamp(): Promise<string> {
    const { rows } = await this.#pool.query('SELECT txid_current_snapshot()::text AS stamp')
    return (rows[0] as { stamp: string }).stamp
  }

  async #readSums(): Promise<Map<string, string>> {
    const sums = {
      query_timeout: patience,
      text: `SELECT (hashtext(e.key) & ${groups - 1}) AS place,
         count(*) || ' ' || sum(hashtextextended(e.key, e.xmin::text::bigint)) AS total
       FROM ${this.#table.name} e WHERE e.type = 'string' GROUP BY 1`,
    }
    const { rows } = await this.#pool.query(sums)
    return new Map((rows as { place: string; total: string }[]).map(row => [row.place, row.total]))
  }

  /** Takes out of `missing` what is there. */
  async #readGroups(
    places: readonly string[],
    earlier: ReadonlyMap<string, string>,
    missing: Set<string>,
  ): Promise<string[]> {
    const fresh = new Map<string, Map<string, string>>(places.map(place => [place, new Map()]))
    for await (const row of this.#rowsOf(places)) {
      fresh.get(row.place)?.set(row.key, row.version)
      missing.delete(row.key)
    }
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

  /** What was told as written and was never seen: somebody removed it before this look, unless its group is as it was. */
  #gone(missing: ReadonlySet<string>): readonly string[] {
    if (missing.size > mostMissing) this.#lostTrack = true
    const groups = [...this.#versions.values()]
    return [...missing]
      .slice(0, mostMissing)
      .filter(key => this.#told.get(key) !== gone && !groups.some(group => group.has(key)))
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
        const fetch = { query_timeout: patience, text: `FETCH ${rowsPerFetch} FROM changes` }
        const { rows } = await client.query(fetch)
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
