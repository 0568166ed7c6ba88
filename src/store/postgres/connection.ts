/**
 * Connections to one PostgreSQL: how they are made, whom they trust, how long they wait.
 *
 * Guarantees: nothing waits longer than the target says; an error of a connection reaches whoever waits for it and nobody
 * else (no unhandled event); values arrive as text, whatever their type.
 */
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import { Client, type ClientConfig, Pool } from 'pg'
import { StoreUnavailable } from '../contract.ts'
import { mayPass, reasonOf, sqlState } from './failure.ts'
import { type PemSource, type PostgresTarget, type PostgresTls, placeOf } from './target.ts'

/** Milliseconds after which a connection nobody needs is closed. */
const idleTimeout = 30_000

/** A way in that worked once. */
export interface Access {
  /** One connection beside the pool, not yet connected. `queryTimeout` in milliseconds, 0 for none. */
  client(queryTimeout?: number): Client
  pool(): Pool
  /** Breaks every connection that is still there: a server that stands still would hold them for ever. */
  cut(): void
}

/**
 * Finds a way to connect; where nobody listens yet it is tried again for `connectTimeout`. Rejects with `StoreUnavailable`, in
 * one sentence.
 */
export async function findAccess(target: PostgresTarget): Promise<Access> {
  const ways = waysIn(target.tls, target.host)
  const until = Date.now() + target.connectTimeout
  for (let pause = 50; ; pause = Math.min(pause * 2, 500)) {
    try {
      return await firstOf(ways, target)
    } catch (error) {
      if (!mayPass(error) || Date.now() + pause >= until)
        throw new StoreUnavailable(`${placeOf(target)} cannot be reached: ${reasonOf(error)}`, error)
    }
    await sleep(pause)
  }
}

async function firstOf(
  ways: readonly (ConnectionOptions | false)[],
  target: PostgresTarget,
): Promise<Access> {
  for (const [i, ssl] of ways.entries()) {
    const sockets = new Set<Socket>()
    const config = configOf(target, ssl, sockets)
    const client = quiet(new Client(config))
    try {
      await client.connect()
      return {
        client: (queryTimeout = target.queryTimeout) =>
          quiet(new Client({ ...config, query_timeout: queryTimeout })),
        pool: () => openPool(config, target),
        cut: () => sockets.forEach(socket => void socket.destroy()),
      }
    } catch (error) {
      if (i + 1 === ways.length || !asksForOther(error)) throw error
    } finally {
      client.end().catch(() => {})
    }
  }
  throw new Error('there is no way')
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

function configOf(
  target: PostgresTarget,
  ssl: ConnectionOptions | false,
  sockets: Set<Socket>,
): ClientConfig {
  const { host, port, database, user, password, connectTimeout } = target
  return {
    host,
    port,
    database,
    user,
    password,
    ssl,
    stream: () => {
      const socket = new Socket()
      sockets.add(socket)
      return socket.once('close', () => void sockets.delete(socket))
    },
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
