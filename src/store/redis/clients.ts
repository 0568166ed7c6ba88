/**
 * Makes the connections to a target. None of them reconnects, queues or repeats by itself: whoever holds it does
 * (`Link`), since a write that is sent twice could refuse itself or count twice.
 */
import { Cluster, Redis } from 'ioredis'
import type { RedisNode, RedisTarget } from './target.ts'

export type Client = Redis | Cluster

/** Milliseconds between two looks at which server of a cluster has which slots. */
const slotsEvery = 1000

/** States of a client of a cluster that no other follows. */
const over = new Set(['disconnecting', 'close', 'end'])

/** A connection to one server of the target, not yet connected. `round` counts attempts: nodes take turns. */
export function openServer(target: RedisTarget, round: number): Redis {
  return target.mode === 'sentinels' ? openBehindSentinels(target) : openNode(target, round)
}

/** A connection to wherever the entries are, not yet connected. */
export function openTarget(target: RedisTarget, round: number): Client {
  return target.mode === 'cluster' ? openCluster(target) : openServer(target, round)
}

/** A connection to the server at an address that a cluster told, not yet connected. */
export function openAt(target: RedisTarget, node: Omit<RedisNode, 'password'>): Redis {
  return new Redis({ ...optionsFor(target, node.host), host: node.host, port: node.port })
}

function openNode(target: RedisTarget, round: number): Redis {
  if (target.path !== null) return new Redis({ ...optionsFor(target, null), path: target.path })
  const { host, port, password } = target.nodes[round % target.nodes.length]!
  return new Redis({ ...optionsFor(target, host), ...(password !== null && { password }), host, port })
}

function openBehindSentinels(target: RedisTarget): Redis {
  const { nodes, master, sentinelUsername, sentinelPassword, tls, timeout } = target
  return new Redis({
    ...optionsFor(target, null),
    sentinels: nodes.map(({ host, port }) => ({ host, port })),
    name: master ?? '',
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: timeout,
    ...(sentinelUsername !== null && { sentinelUsername }),
    ...(sentinelPassword !== null && { sentinelPassword }),
    ...(tls !== null && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(target, null) }),
  })
}

function openCluster(target: RedisTarget): Cluster {
  const cluster = new Cluster(
    target.nodes.map(({ host, port }) => ({ host, port })),
    {
      redisOptions: shared(target, null),
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: () => null,
      // Commands whose connection broke are not sent again: see above.
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: target.timeout,
      // Names are left to the connection, so that a certificate is compared with the name and not with the address.
      dnsLookup: (address, callback) => callback(null, address),
    },
  )
  lookAtSlots(cluster)
  return cluster
}

// Not by the option for it: a client that is closed in the middle of a look would go on looking for ever.
function lookAtSlots(cluster: Cluster): void {
  const timer = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache()
    else if (over.has(cluster.status)) clearInterval(timer)
  }, slotsEvery).unref()
}

function optionsFor(target: RedisTarget, host: string | null) {
  return { ...shared(target, host), retryStrategy: () => null, enableOfflineQueue: false }
}

/** What holds for the nodes of a cluster too. */
function shared(target: RedisTarget, host: string | null) {
  const { username, password, database, timeout, tls } = target
  return {
    lazyConnect: true,
    protocol: 2 as const,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: timeout,
    connectTimeout: timeout,
    disconnectTimeout: 200,
    disableClientInfo: true,
    connectionName: 'otoroshi',
    db: database,
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(tls !== null && { tls: tlsOptions(target, host) }),
  }
}

function tlsOptions({ tls }: RedisTarget, host: string | null) {
  if (tls === null) return {}
  const { verify, ca, cert, key, passphrase } = tls
  return {
    rejectUnauthorized: verify,
    // A server name of digits is not allowed in TLS.
    ...(host !== null && !/^[\d.]+$|:/.test(host) && { servername: host }),
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(passphrase !== null && { passphrase }),
  }
}
