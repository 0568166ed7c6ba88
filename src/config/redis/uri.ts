/**
 * Redis URIs in the spelling of upstream's client: `redis://`, `rediss://` (TLS), `redis-socket://`, `redis-sentinel://` and
 * `rediss-sentinel://`. Unlike in other URIs, `secret@host` is a password without a user.
 */
import { duration, type ValueType } from '../value-types.ts'

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

export interface RedisUri {
  readonly tls: boolean
  /** False: `verifyPeer=NONE`. */
  readonly verify: boolean
  /** Of the server, or of the sentinels. */
  readonly addresses: readonly RedisAddress[]
  /** Of a socket file, in place of addresses. */
  readonly path: string | null
  readonly username: string | null
  readonly password: string | null
  readonly database: number
  /** Name of the master the sentinels watch; null without sentinels. */
  readonly master: string | null
  /** Milliseconds to wait for an answer, where the URI says so. */
  readonly timeout: number | null
}

const SHAPE =
  /^(redis|rediss|redis\+ssl|redis-socket|redis\+socket|redis-sentinel|rediss-sentinel):\/\/([^/?#]{0,2000})(\/[^?#]{0,1000})?(?:\?([^#]{0,1000}))?(?:#(.{0,200}))?$/
const PARAMETERS = new Set(['timeout', 'database', 'db', 'sentinelMasterId', 'verifyPeer', 'clientName'])
const wait = duration({ min: 1 })

/** Undefined: not a Redis URI. */
export function readRedisUri(text: string): RedisUri | undefined {
  const parts = SHAPE.exec(text.trim())
  if (parts === null) return undefined
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = parts
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) if (!PARAMETERS.has(name)) return undefined
  const at = authority.lastIndexOf('@')
  const user = credentials(authority.slice(0, Math.max(at, 0)))
  const socket = scheme.endsWith('socket')
  const sentinel = scheme.endsWith('sentinel')
  const addresses = socket ? [] : addressesIn(authority.slice(at + 1), sentinel ? 26_379 : 6379)
  const database = databaseOf(socket ? '' : path.slice(1), parameters)
  const master = parameters.get('sentinelMasterId') ?? decoded(fragment) ?? ''
  const verify = parameters.get('verifyPeer')?.toUpperCase() ?? 'FULL'
  const written = parameters.get('timeout')
  const timeout = written === null ? null : wait.read(written)
  if (user === undefined || addresses === undefined || database === undefined || timeout === undefined)
    return undefined
  if (socket ? path.length < 2 || authority.slice(at + 1) !== '' : addresses.length === 0) return undefined
  if (sentinel ? master === '' : master !== '' || addresses.length > 1) return undefined
  if (!['FULL', 'TRUE', 'NONE', 'FALSE'].includes(verify)) return undefined
  return {
    tls: scheme.startsWith('rediss') || scheme === 'redis+ssl',
    verify: verify === 'FULL' || verify === 'TRUE',
    addresses,
    path: socket ? path : null,
    ...user,
    database,
    master: sentinel ? master : null,
    timeout,
  }
}

/** `host:port, …`; IPv6 addresses in brackets. Undefined when one is none. */
export function addressesIn(text: string, fallback: number | null): readonly RedisAddress[] | undefined {
  const addresses: RedisAddress[] = []
  for (const item of text.split(',')) {
    const parts = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([\w.-]{1,253}))(?::(\d{1,5}))?$/.exec(item.trim())
    const port = parts?.[3] === undefined ? fallback : Number(parts[3])
    if (parts === null || port === null || port < 1 || port > 65_535) return undefined
    addresses.push({ host: parts[1] ?? parts[2]!, port })
  }
  return addresses
}

function credentials(text: string): { username: string | null; password: string | null } | undefined {
  if (text === '') return { username: null, password: null }
  const colon = text.indexOf(':')
  const username = colon < 0 ? '' : decoded(text.slice(0, colon))
  const password = decoded(text.slice(colon + 1))
  if (username === undefined || password === undefined) return undefined
  return { username: username || null, password: password || null }
}

function databaseOf(path: string, parameters: URLSearchParams): number | undefined {
  const text = parameters.get('database') ?? parameters.get('db') ?? (path === '' ? '0' : path)
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const SHAPE_OF_URI =
  'redis://[[user:]password@]host[:port][/database], rediss:// for TLS, or redis-sentinel://host:port,…[/database]#master'

export const redisUri: ValueType<RedisUri> = {
  name: 'Redis URI',
  expected: `a Redis URI: ${SHAPE_OF_URI}`,
  fromFile: true,
  read: raw => (typeof raw === 'string' ? readRedisUri(raw) : undefined),
}

/** A list, or one text with commas. URIs of sentinels have commas of their own. */
export const redisUris: ValueType<readonly RedisUri[]> = {
  name: 'list of Redis URIs',
  expected: `a list of Redis URIs, or one text with commas; each ${SHAPE_OF_URI}`,
  fromFile: true,
  read: raw => {
    const items = typeof raw === 'string' ? raw.split(/,(?=\s*redis[a-z+-]*:\/\/)/) : raw
    if (!Array.isArray(items)) return undefined
    const written = (items as readonly unknown[]).filter(item => item !== '')
    const uris = written.map(item => (typeof item === 'string' ? readRedisUri(item) : undefined))
    return uris.every(uri => uri !== undefined) ? uris : undefined
  },
}
