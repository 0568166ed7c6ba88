/**
 * The table entities are kept in: upstream's, with its names, columns and meanings (its reactive PostgreSQL store).
 *
 * A row is alive while `ttl_starting_at + ttl` lies ahead; `1000 years` stands for never. `type` says which column holds
 * the value: `string` → `value`, `counter` → `counter`; the rest (`list`, `set`, `hash`) is upstream's own and left alone.
 * `kind` and `jvalue` repeat an entity for upstream, which lists kinds by them.
 */
import { createHash } from 'node:crypto'
import type { Client } from 'pg'
import { StoreUnavailable } from '../contract.ts'
import { reasonOf, sqlState } from './failure.ts'
import { type PostgresTarget, placeOf } from './target.ts'

export interface Table {
  /** Schema and table, quoted. */
  readonly name: string
  /** Where instances tell each other of changes. */
  readonly channel: string
  /** SQL: the row `e` is alive at the beginning of the transaction (for one statement: now). */
  readonly alive: string
  /** SQL: the value of the row `e` as text, null for what is no value of ours. */
  readonly text: string
}

export function tableOf({ schema, table }: Pick<PostgresTarget, 'schema' | 'table'>): Table {
  // The names of channels are as short as other names.
  const place = createHash('sha256').update(`${schema}.${table}`).digest('hex').slice(0, 16)
  return {
    name: `"${schema}"."${table}"`,
    channel: `otoroshi_changes_${place}`,
    alive: '((e.ttl_starting_at + e.ttl) > now()) IS TRUE',
    text: "CASE e.type WHEN 'string' THEN coalesce(e.value, '') WHEN 'counter' THEN e.counter::text END",
  }
}

/** SQL: a life of `parameter` milliseconds as `ttl`; null is never. Seconds, since days are longer or shorter at times. */
export function lifeOf(parameter: string): string {
  return `CASE WHEN ${parameter} IS NULL THEN interval '1000 years' ELSE make_interval(secs => ${parameter} / 1000.0) END`
}

/** Makes what is missing, looks whether the rest can be used. Rejects with `StoreUnavailable`. */
export async function prepareTable(client: Client, target: PostgresTarget): Promise<void> {
  const place = placeOf(target)
  const { name } = tableOf(target)
  try {
    await checkServer(client, place)
    const found = await client.query('SELECT to_regclass($1) AS there', [name])
    if (found.rows[0].there === null) await createTable(client, target)
    await client.query(
      `SELECT key, type, ttl_starting_at, ttl, counter, value, kind, jvalue FROM ${name} LIMIT 0`,
    )
    await createIndex(client, target)
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    throw new StoreUnavailable(`${place} cannot be used: ${reasonOf(error)}`, error)
  }
}

async function checkServer(client: Client, place: string): Promise<void> {
  const { rows } = await client.query(
    "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding",
  )
  const { version, encoding } = rows[0] as { version: string; encoding: string }
  if (Number(version) < 110_000) throw new StoreUnavailable(`${place} is too old: PostgreSQL 11 is needed`)
  if (encoding !== 'UTF8')
    throw new StoreUnavailable(`${place} is encoded as ${encoding}: one that is encoded as UTF8 is needed`)
}

async function createTable(client: Client, { schema, table }: PostgresTarget): Promise<void> {
  const { name } = tableOf({ schema, table })
  await client.query('BEGIN')
  try {
    // Instances that start together: IF NOT EXISTS alone may fail when two are at it.
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [name])
    const there = await client.query('SELECT to_regnamespace($1) AS there', [`"${schema}"`])
    if (there.rows[0].there === null) await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`)
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

/** Keys in the order of their bytes, whatever the collation of the database: without it each batch sorts all keys. */
async function createIndex(client: Client, { schema, table }: PostgresTarget): Promise<void> {
  const { name } = tableOf({ schema, table })
  const index = `${table.slice(0, 46)}_key_order_idx`
  const found = await client.query('SELECT to_regclass($1) AS there', [`"${schema}"."${index}"`])
  if (found.rows[0].there !== null) return
  try {
    await client.query(`CREATE INDEX IF NOT EXISTS "${index}" ON ${name} (key COLLATE "C")`)
  } catch (error) {
    // Made by another instance at the same time, or not allowed: slower, not wrong.
    if (sqlState(error) === null) throw error
    if (sqlState(error) !== '23505')
      process.emitWarning(
        `the index ${index} cannot be made (${reasonOf(error)}): lists of a great store are slow`,
        'PostgresStore',
      )
  }
}
