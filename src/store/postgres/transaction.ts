/** The statements of a commit, inside one transaction. */
import type { Pool, PoolClient } from 'pg'
import {
  type Commit,
  foreign,
  type GroupDecision,
  keysOf,
  type LockedRow,
  type Write,
} from './commit-group.ts'
import type { KindColumns } from './columns.ts'
import { Outrun, sqlState } from './failure.ts'
import { piecesOf } from './notice.ts'
import { lifeOf, type Table } from './table.ts'

/** Rows and characters of one statement: each answers within its time. */
const rowsPerStatement = 1000
const lengthPerStatement = 8 * 1024 * 1024

export interface Committing {
  readonly pool: Pool
  readonly table: Table
  /** Milliseconds the server may take for a statement. */
  readonly queryTimeout: number
  /** Name of this instance in what others hear. */
  readonly instance: string
  readonly columns: (key: string, value: string) => KindColumns
}

/**
 * Locks what the commits touch, has them decided, and writes. Answers the decision and the version of the rows written (null
 * when nothing was). Rejects with `Outrun` or whatever PostgreSQL answered; then nothing was written, unless the connection
 * broke at the very end.
 */
export async function commitTogether(
  { pool, table, queryTimeout, instance, columns }: Committing,
  commits: readonly Commit[],
  decide: (rows: ReadonlyMap<string, LockedRow>) => GroupDecision,
): Promise<{ decision: GroupDecision; version: string | null }> {
  return inTransaction(pool, queryTimeout, async client => {
    const decision = decide(await lockRows(client, table, commits))
    for (const part of partsOf(decision.fresh)) {
      const made = await insert(client, table, part, columns, 'ON CONFLICT (key) DO NOTHING')
      if (made < part.length) throw new Outrun()
    }
    for (const part of partsOf(decision.writes)) await insert(client, table, part, columns, replace)
    for (let i = 0; i < decision.removals.length; i += 10_000)
      await client.query(`DELETE FROM ${table.name} WHERE key = ANY($1::text[])`, [
        decision.removals.slice(i, i + 10_000),
      ])
    const version = await notify(client, table, piecesOf(instance, decision.written, decision.removed))
    return { decision, version }
  })
}

async function inTransaction<T>(
  pool: Pool,
  queryTimeout: number,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let lost = true
  try {
    // A gateway that dies or hangs must not hold its locks for long, nor wait for those of another one.
    await client.query(
      'BEGIN ISOLATION LEVEL READ COMMITTED; ' +
        `SET LOCAL lock_timeout = ${Math.ceil(queryTimeout * 0.6)}; ` +
        `SET LOCAL statement_timeout = ${queryTimeout}; ` +
        `SET LOCAL idle_in_transaction_session_timeout = ${2 * queryTimeout}; ` +
        // Whatever the database does for others: a commit that is answered is on its disk.
        "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
    )
    const result = await work(client)
    const { command } = await client.query('COMMIT')
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back')
    lost = false
    return result
  } catch (error) {
    if (error instanceof Outrun || sqlState(error) !== null)
      lost = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      )
    throw error
  } finally {
    client.release(lost)
  }
}

async function lockRows(
  client: PoolClient,
  { name, text }: Table,
  commits: readonly Commit[],
): Promise<ReadonlyMap<string, LockedRow>> {
  const keys = keysOf(commits)
  if (keys.length === 0) return new Map()
  const { rows } = await client.query(
    `SELECT w.key, CASE WHEN w.wanted AND e.ttl_starting_at + e.ttl > clock_timestamp() THEN ${text} END AS value,
       w.wanted AND e.ttl_starting_at + e.ttl > clock_timestamp() AND ${text} IS NULL AS other
     FROM unnest($1::text[], $2::bool[]) AS w(key, wanted) JOIN ${name} e ON e.key = w.key
     ORDER BY w.key COLLATE "C" FOR UPDATE OF e`,
    [keys.map(([key]) => key), keys.map(([, wanted]) => wanted)],
  )
  return new Map(
    (rows as { key: string; value: string | null; other: 't' | 'f' | null }[]).map(row => [
      row.key,
      row.other === 't' ? foreign : row.value,
    ]),
  )
}

const replace = `ON CONFLICT (key) DO UPDATE SET type = excluded.type, value = excluded.value, kind = excluded.kind,
  jvalue = excluded.jvalue, counter = 0, ttl_starting_at = excluded.ttl_starting_at, ttl = excluded.ttl`

/** Answers how many rows were written. */
async function insert(
  client: PoolClient,
  { name }: Table,
  writes: readonly Write[],
  columns: Committing['columns'],
  onConflict: string,
): Promise<number> {
  const kinds = writes.map(({ key, value }) => columns(key, value))
  const now = Date.now()
  const result = await client.query(
    `INSERT INTO ${name} (key, type, value, kind, jvalue, ttl_starting_at, ttl)
     SELECT w.key, 'string', w.value, w.kind, coalesce(w.json, '{}')::jsonb, clock_timestamp(), ${lifeOf('w.life')}
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[])
       WITH ORDINALITY AS w(key, value, kind, json, life, n)
     ORDER BY w.n ${onConflict}`,
    [
      writes.map(({ key }) => key),
      writes.map(({ value }) => value),
      kinds.map(({ kind }) => kind),
      kinds.map(({ json }) => json),
      writes.map(({ expiresAt }) => lifeUntil(expiresAt, now)),
    ],
  )
  return result.rowCount ?? 0
}

const thousandYears = 1000 * 365 * 86_400_000

/** Milliseconds from now on the server's clock: clocks of two machines differ. */
function lifeUntil(expiresAt: number, now: number): number | null {
  return expiresAt === 0 || expiresAt - now >= thousandYears ? null : Math.max(0, expiresAt - now)
}

/** Others hear of it when the transaction is committed, and not otherwise. */
async function notify(
  client: PoolClient,
  { channel }: Table,
  pieces: readonly string[],
): Promise<string | null> {
  if (pieces.length === 0) return null
  const { rows } = await client.query(
    `SELECT v.version, pg_notify($1, v.version || ' ' || p.piece)
     FROM (SELECT (txid_current() % 4294967296)::text AS version) v, unnest($2::text[]) AS p(piece)`,
    [channel, pieces],
  )
  return (rows[0] as { version: string }).version
}

function* partsOf(writes: readonly Write[]): Generator<readonly Write[]> {
  let part: Write[] = []
  let length = 0
  for (const write of writes) {
    if (part.length === rowsPerStatement || length >= lengthPerStatement) {
      yield part
      part = []
      length = 0
    }
    part.push(write)
    length += write.value.length
  }
  if (part.length > 0) yield part
}
