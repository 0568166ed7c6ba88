/**
 * The table entities are kept in: upstream's, with its names, columns and meanings (its reactive PostgreSQL store).
 *
 * A row is alive while `ttl_starting_at + ttl` lies ahead; `1000 years` stands for never. `type` says which column holds
 * the value: `string` → `value`, `counter` → `counter`; the rest (`list`, `set`, `hash`) is upstream's own and left alone.
 * `kind` and `jvalue` repeat an entity for upstream, which lists kinds by them.
 */
import { createHash } from 'node:crypto'
import type { PostgresTarget } from './target.ts'

export interface Table {
  /** Schema and table, quoted. */
  readonly name: string
  /** The schema alone, quoted. */
  readonly schema: string
  /** Where instances tell each other of changes. */
  readonly channel: string
  /** Indexes of ours, not quoted: keys in the order of their bytes, and keys that expire. */
  readonly orderIndex: string
  readonly expiryIndex: string
  /** SQL: the row `e` is alive at the beginning of the transaction (for one statement: now). */
  readonly alive: string
  /** SQL: the value of the row `e` as text, null for what is no value of ours. */
  readonly text: string
}

export function tableOf({ schema, table }: Pick<PostgresTarget, 'schema' | 'table'>): Table {
  // Names of channels and indexes are as short as other names.
  const place = createHash('sha256').update(`${schema}.${table}`).digest('hex').slice(0, 16)
  return {
    name: `${quoted(schema)}.${quoted(table)}`,
    schema: quoted(schema),
    channel: `otoroshi_changes_${place}`,
    orderIndex: `otoroshi_order_idx_${place}`,
    expiryIndex: `otoroshi_expiry_idx_${place}`,
    alive: '((e.ttl_starting_at + e.ttl) > now()) IS TRUE',
    text: "CASE e.type WHEN 'string' THEN coalesce(e.value, '') WHEN 'counter' THEN e.counter::text END",
  }
}

/** SQL: a life longer than this is for ever. */
export const never = "interval '900 years'"

/** SQL: a life of `parameter` milliseconds as `ttl`; null is never. Seconds, since days are longer or shorter at times. */
export function lifeOf(parameter: string): string {
  return `CASE WHEN ${parameter} IS NULL THEN interval '1000 years' ELSE make_interval(secs => ${parameter} / 1000.0) END`
}

/** Any text as the name of something in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
