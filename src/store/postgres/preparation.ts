/**
 * What happens to the table before the store is used: made where it is missing, looked at where it is there.
 *
 * Guarantees: instances that start together do not get in each other's way; what the user may not do shows here, not at the
 * first write; a table somebody else made and owns is enough.
 */
import type { Client } from 'pg'
import { StoreUnavailable } from '../contract.ts'
import { reasonOf, sqlState } from './failure.ts'
import { never, quoted, type Table, tableOf } from './table.ts'
import { type PostgresTarget, placeOf } from './target.ts'

/** Milliseconds to wait for whoever holds the table. */
const lockTimeout = 10_000
const needed = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']

export interface ServerFacts {
  /** A commit is on the disk of the server when it is answered. */
  readonly durable: boolean
}

/** Rejects with `StoreUnavailable`, in one sentence. */
export async function prepareTable(client: Client, target: PostgresTarget): Promise<ServerFacts> {
  const place = placeOf(target)
  const table = tableOf(target)
  try {
    const facts = await readFacts(client)
    await client.query(`SET lock_timeout = ${lockTimeout}`)
    const found = await client.query('SELECT to_regclass($1) AS there', [table.name])
    if (found.rows[0].there === null) await createTable(client, table)
    await client.query(
      `SELECT key, type, ttl_starting_at, ttl, counter, value, kind, jvalue FROM ${table.name} LIMIT 0`,
    )
    await checkRights(client, target, table)
    await createIndex(client, table, table.orderIndex, '(key COLLATE "C")')
    await createIndex(client, table, table.expiryIndex, `(key) WHERE ttl < ${never}`)
    return facts
  } catch (error) {
    throw new StoreUnavailable(`${place} cannot be used: ${reasonOf(error)}`, error)
  }
}

async function readFacts(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query(
    `SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding,
       current_setting('fsync') AS fsync, current_setting('transaction_read_only') AS closed`,
  )
  const { version, encoding, fsync, closed } = rows[0] as Record<string, string>
  if (Number(version) < 110_000) throw new Error('it is too old, PostgreSQL 11 is needed')
  if (encoding !== 'UTF8')
    throw new Error(`it is encoded as ${encoding}, one that is encoded as UTF8 is needed`)
  if (closed === 'on') throw new Error('it takes no writes, since it is a standby or set to be read only')
  return { durable: fsync === 'on' }
}

async function createTable(client: Client, { name, schema }: Table): Promise<void> {
  await client.query('BEGIN')
  try {
    // Instances that start together: IF NOT EXISTS alone may fail when two are at it.
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [name])
    const there = await client.query('SELECT to_regnamespace($1) AS there', [schema])
    if (there.rows[0].there === null) await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${name} (
        key text NOT NULL PRIMARY KEY,
        type text NOT NULL,
        ttl_starting_at timestamptz DEFAULT now(),
        ttl interval DEFAULT interval '1000 years',
        counter bigint DEFAULT 0,
        value text DEFAULT '',
        lvalue jsonb DEFAULT '[]',
        svalue jsonb DEFAULT '{}',
        mvalue jsonb DEFAULT '{}',
        kind text DEFAULT '',
        jvalue jsonb DEFAULT '{}'
      )`,
    )
    await client.query(`CREATE INDEX IF NOT EXISTS otoroshi_kind_idx ON ${name} (kind)`)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}

async function checkRights(
  client: Client,
  { user, schema, table }: PostgresTarget,
  { name }: Table,
): Promise<void> {
  const { rows } = await client.query(
    'SELECT r.name FROM unnest($2::text[]) WITH ORDINALITY AS r(name, n) WHERE NOT has_table_privilege($1, r.name) ORDER BY r.n',
    [name, needed],
  )
  const missing = (rows as { name: string }[]).map(row => row.name)
  if (missing.length > 0)
    throw new Error(`the user ${user} may not ${missing.join(', ')} in ${schema}.${table}`)
}

/** Without an index lists and removals read the whole table. */
async function createIndex(
  client: Client,
  { name, schema }: Table,
  index: string,
  on: string,
): Promise<void> {
  const found = await client.query('SELECT to_regclass($1) AS there', [`${schema}.${quoted(index)}`])
  if (found.rows[0].there !== null) return
  try {
    await client.query(`CREATE INDEX IF NOT EXISTS ${quoted(index)} ON ${name} ${on}`)
  } catch (error) {
    const state = sqlState(error)
    if (state === null) throw error
    // Made by another instance at the same time: as good.
    if (state === '23505' || state === '42P07') return
    process.emitWarning(
      `the index ${index} cannot be made (${reasonOf(error)}): a great store is slow without it`,
      'PostgresStore',
    )
  }
}
