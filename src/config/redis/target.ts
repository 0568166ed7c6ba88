/** Where Redis is, made of the settings that count for the kind of store. */
import type { Values } from '../setting.ts'
import type { redis } from '../table/redis.ts'
import type { RedisMember } from './members.ts'
import type { RedisUri } from './uri.ts'

export interface RedisTarget {
  /** `nodes`: servers of which one is the master; `sentinels`: the nodes are sentinels; `cluster`: nodes of one. */
  readonly mode: 'nodes' | 'sentinels' | 'cluster'
  readonly nodes: readonly RedisMember[]
  /** A socket file in place of the nodes. */
  readonly path: string | null
  /** The name sentinels know the master by. */
  readonly master: string | null
  readonly username: string | null
  /** Where a node has none of its own. */
  readonly password: string | null
  readonly database: number
  readonly sentinelUsername: string | null
  readonly sentinelPassword: string | null
  readonly tls: RedisTls | null
  /** Milliseconds: the longest wait for an answer. */
  readonly timeout: number
}

export interface RedisTls {
  readonly verify: boolean
  /** PEM. */
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
  readonly passphrase: string | null
}

export const redisKinds = [
  'lettuce',
  'redis',
  'redis-pool',
  'redis-mpool',
  'redis-lf',
  'redis-cluster',
  'redis-sentinel',
  'redis-sentinel-lf',
] as const

export type RedisKind = (typeof redisKinds)[number]

export function isRedisKind(kind: string): kind is RedisKind {
  return (redisKinds as readonly string[]).includes(kind)
}

type RedisSettings = Values<typeof redis>

/** A text says what is wrong with the settings. */
export function redisTarget(kind: RedisKind, settings: RedisSettings): RedisTarget | string {
  const { lettuce, sentinels } = settings
  if (lettuce.startTls)
    return 'otoroshi.redis.lettuce.startTLS: no Redis server has STARTTLS; use a rediss:// URI for TLS'
  if ((lettuce.clientCert === null) !== (lettuce.clientKey === null))
    return 'otoroshi.redis.lettuce.ssl.clientCert and clientKey: give both, or none'
  const given = lettuce.uris.length > 0 ? lettuce.uris : lettuce.uri === null ? [] : [lettuce.uri]
  switch (kind) {
    case 'lettuce':
      if (given.length === 0) return 'the storage lettuce needs otoroshi.redis.lettuce.uri'
      return ofUris(given, lettuce.connection === 'cluster' ? 'cluster' : 'nodes', settings)
    case 'redis':
      if (given.length > 0)
        return ofUris(given, lettuce.connection === 'cluster' ? 'cluster' : 'nodes', settings)
      return ofNodes('nodes', leader(settings), settings)
    case 'redis-lf':
      return ofNodes('nodes', leader(settings), settings)
    case 'redis-pool':
      return ofMembers(kind, 'nodes', settings.pool, 'otoroshi.redis.pool.members', settings)
    case 'redis-mpool':
      return ofMembers(kind, 'nodes', settings.mpool, 'otoroshi.redis.mpool.membersStr', settings)
    case 'redis-cluster':
      return ofMembers(kind, 'cluster', settings.cluster, 'otoroshi.redis.cluster.membersStr', settings)
    case 'redis-sentinel':
      return ofSentinels(kind, sentinels.master, sentinels.members, '', settings)
    case 'redis-sentinel-lf':
      return ofSentinels(kind, sentinels.lfMaster, sentinels.lfMembers, '.lf', settings)
  }
}

/** The Redis of limits; null: there is none apart. A text says what is wrong with the settings. */
export function limiterTarget(
  { enabled, uris }: { readonly enabled: boolean; readonly uris: readonly RedisUri[] },
  settings: RedisSettings,
): RedisTarget | string | null {
  if (!enabled) return null
  if (uris.length === 0) return 'otoroshi.rate-limiter.distributed-redis.enabled needs the uris beside it'
  const target = ofUris(uris, uris.length > 1 ? 'cluster' : 'nodes', settings)
  return typeof target === 'string' ? `otoroshi.rate-limiter.distributed-redis: ${target}` : target
}

/** The master and its replicas. */
function leader({ lf, host, port, password, replicas }: RedisSettings): readonly RedisMember[] {
  const master = {
    host: lf.host ?? host,
    port: lf.port ?? port,
    password: lf.password ?? password,
  }
  return [master, ...(replicas.length > 0 ? replicas : lf.replicas)]
}

function ofUris(
  uris: readonly RedisUri[],
  mode: 'nodes' | 'cluster',
  settings: RedisSettings,
): RedisTarget | string {
  const first = uris[0]!
  const facts = ({ tls, verify, username, database, master, timeout }: RedisUri) =>
    JSON.stringify([tls, verify, username, database, master, timeout])
  if (uris.some(uri => facts(uri) !== facts(first)))
    return 'otoroshi.redis.lettuce.uris: give the same user, database, TLS and parameters in all of them'
  if (uris.length > 1 && (first.master !== null || uris.some(uri => uri.path !== null)))
    return 'otoroshi.redis.lettuce.uris: one URI names all sentinels, or the socket'
  if (mode === 'cluster' && (first.master !== null || first.path !== null))
    return 'otoroshi.redis.lettuce.connection: a cluster is reached by redis:// or rediss:// URIs'
  if (mode === 'cluster' && first.database !== 0)
    return 'otoroshi.redis.lettuce.uris: a Redis cluster has only the database 0'
  const sentinels = first.master !== null
  return {
    ...common(settings),
    mode: sentinels ? 'sentinels' : mode,
    nodes: uris.flatMap(uri =>
      uri.addresses.map(address => ({ ...address, password: sentinels ? null : uri.password })),
    ),
    path: first.path,
    master: first.master,
    username: first.username,
    password: first.password ?? settings.password,
    database: first.database,
    tls: first.tls ? tlsOf(settings, first.verify) : null,
    timeout: first.timeout ?? settings.timeout,
  }
}

function ofMembers(
  kind: RedisKind,
  mode: 'nodes' | 'cluster',
  members: readonly RedisMember[],
  key: string,
  settings: RedisSettings,
): RedisTarget | string {
  return members.length === 0 ? `the storage ${kind} needs ${key}` : ofNodes(mode, members, settings)
}

function ofNodes(
  mode: 'nodes' | 'cluster',
  nodes: readonly RedisMember[],
  settings: RedisSettings,
): RedisTarget {
  // A cluster has one password; whoever answers for it need not be the node that has it in the list.
  const password = mode === 'cluster' ? (nodes.find(node => node.password !== null)?.password ?? null) : null
  return { ...common(settings), mode, nodes, password: password ?? settings.password }
}

function ofSentinels(
  kind: RedisKind,
  master: string | null,
  nodes: readonly RedisMember[],
  branch: '' | '.lf',
  settings: RedisSettings,
): RedisTarget | string {
  const tree = `otoroshi.redis.sentinels${branch}`
  if (nodes.length === 0) return `the storage ${kind} needs ${tree}.membersStr`
  if (master === null) return `the storage ${kind} needs ${tree}.master`
  const base = common(settings)
  // One variable of upstream sets both passwords, and these storages of upstream never show one to a sentinel.
  const own = base.sentinelPassword !== settings.sentinels.password
  return {
    ...base,
    ...(!own && { sentinelUsername: null, sentinelPassword: null }),
    mode: 'sentinels',
    nodes,
    master,
    password: settings.sentinels.password ?? settings.password,
    database: settings.sentinels.db ?? 0,
  }
}

function common({ lettuce, timeout, password }: RedisSettings) {
  return {
    path: null,
    master: null,
    username: null,
    password,
    database: 0,
    sentinelUsername: lettuce.sentinelPassword === null ? null : lettuce.sentinelUsername,
    sentinelPassword: lettuce.sentinelPassword,
    tls: null,
    timeout,
  }
}

function tlsOf({ lettuce }: RedisSettings, verify: boolean): RedisTls {
  return {
    verify: verify && lettuce.verifyPeers,
    ca: lettuce.trustedCerts,
    cert: lettuce.clientCert,
    key: lettuce.clientKey,
    passphrase: lettuce.clientKeyPassword,
  }
}
