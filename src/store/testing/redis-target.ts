import type { RedisTarget } from '../redis/target.ts'

/** A target at one port of this machine, with what a test changes. */
export function targetAt(port: number, more: Partial<RedisTarget> = {}): RedisTarget {
  return {
    mode: 'nodes',
    nodes: [{ host: '127.0.0.1', port, password: null }],
    path: null,
    master: null,
    username: null,
    password: null,
    database: 0,
    sentinelUsername: null,
    sentinelPassword: null,
    tls: null,
    timeout: 10_000,
    ...more,
  }
}
