/**
 * Connections to one PostgreSQL: how they are made, whom they trust, how long they wait.
 *
 * Guarantees: nothing waits longer than the target says; an error of a connection reaches whoever waits for it and nobody
 * else (no unhandled event); values arrive as text, whatever their type.
 */
import { readFileSync } from 'node:fs'
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import { Client, type ClientConfig, Pool } from 'pg'
import { StoreUnavailable } from '../contract.ts'
import { reasonOf, sqlState } from './failure.ts'
import { type PemSource, type PostgresTarget, type PostgresTls, placeOf } from './target.ts'

/** Milliseconds after which a connection nobody needs is closed. */
const idleTimeout = 30_000

/** A way in that worked once. */
export interface Access {
  /** One connection beside the pool, not yet connected. `queryTimeout` in milliseconds, 0 for none. */
  client(queryTimeout?: number): Client
  pool(): Pool
}

/** Finds a way to connect. Rejects with `StoreUnavailable`. */
export async function findAccess(target: PostgresTarget): Promise<Access> {
  const ways = waysIn(target.tls, target.host)
  for (const [i, ssl] of ways.entries()) {
    const config = configOf(target, ssl)
    const client = quiet(new Client(config))
    try {
      await client.connect()
      await client.end()
      return {
        client: (queryTimeout = target.queryTimeout) =>
          quiet(new Client({ ...config, query_timeout: queryTimeout })),
        pool: () => openPool(config, target),
      }
    } catch (error) {
      client.end().catch(() => {})
      if (i + 1 < ways.length && asksForOther(error)) continue
      throw new StoreUnavailable(`${placeOf(target)} cannot be reached: ${reasonOf(error)}`, error)
    }
  }
  throw new StoreUnavailable(`${placeOf(target)} cannot be reached`)
}

/** An `error` event nobody listens to would end the process. Whoever waits for an answer hears of it anyway. */
function quiet(client: Client): Client {
  return client.on('error', () => {})
}

function openPool(config: ClientConfig, target: PostgresTarget): Pool {
  const pool = new Pool({
    ...config,
    query_timeout: target.queryTimeout,
    max: target.poolSize,
    idleTimeoutMillis: idleTimeout,
  })
  pool.on('error', () => {})
  pool.on('connect', client => void client.on('error', () => {}))
  return pool
}

function configOf(target: PostgresTarget, ssl: ConnectionOptions | false): ClientConfig {
  const { host, port, database, user, password, connectTimeout } = target
  return {
    host,
    port,
    database,
    user,
    password,
    ssl,
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    application_name: 'otoroshi',
    types: { getTypeParser: () => (text: string) => text },
  }
}

/** What to try, in this order. Only `allow` and `prefer` have a second way. */
function waysIn(tls: PostgresTls | null, host: string): readonly (ConnectionOptions | false)[] {
  if (tls === null) return [false]
  const options = tlsOptions(tls, host)
  if (tls.mode === 'allow') return [false, options]
  return tls.mode === 'prefer' ? [options, false] : [options]
}

function tlsOptions({ mode, trustAll, ca, cert, key }: PostgresTls, host: string): ConnectionOptions {
  const verify = !trustAll && (mode === 'verify-ca' || mode === 'verify-full')
  const trusted = read(ca)
  const shown = read(cert)
  const secret = read(key) ?? shown
  return {
    rejectUnauthorized: verify,
    ...(trusted !== null && { ca: trusted }),
    ...(shown !== null && secret !== null && { cert: shown, key: secret }),
    // Without a name given, Node would compare with `localhost` when the host is an address.
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  }
}

function read({ pem, path }: PemSource): string | null {
  if (pem !== null || path === null) return pem
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new StoreUnavailable(`the certificate or key ${path} cannot be read: ${reasonOf(error)}`, error)
  }
}

/** The server wants the other of TLS and plain text. */
function asksForOther(error: unknown): boolean {
  return sqlState(error) === '28000' || /does not support SSL/i.test(reasonOf(error))
}
