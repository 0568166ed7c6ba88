/** Where a Redis is and how it is spoken to: what the settings say of it. */
import type { RedisTarget } from '../../config/redis/target.ts'

export type { RedisMember as RedisNode } from '../../config/redis/members.ts'
export type { RedisTarget } from '../../config/redis/target.ts'

/** For messages: addresses without secrets. */
export function placeOf({ mode, nodes, path, master }: RedisTarget): string {
  if (path !== null) return path
  const places = nodes
    .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(', ')
  return mode === 'sentinels' ? `${master} behind ${places}` : places
}
