/** Where a Redis is and how it is spoken to. */

export interface RedisNode {
  readonly host: string
  readonly port: number
  readonly password: string | null
}

/** See the settings of the same names. */
export interface RedisTarget {
  /** `nodes`: servers of which one is the master; `sentinels`: the nodes are sentinels; `cluster`: nodes of one. */
  readonly mode: 'nodes' | 'sentinels' | 'cluster'
  readonly nodes: readonly RedisNode[]
  /** A socket file in place of the nodes. */
  readonly path: string | null
  readonly master: string | null
  readonly username: string | null
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

/** For messages: addresses without secrets. */
export function placeOf({ mode, nodes, path, master }: RedisTarget): string {
  if (path !== null) return path
  const places = nodes
    .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(', ')
  return mode === 'sentinels' ? `${master} behind ${places}` : places
}
