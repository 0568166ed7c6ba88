/** Chooses the store by the names upstream's `storage` setting knows. Only the chosen driver is loaded. */
import { join } from 'node:path'
import { type Store, StoreUnavailable } from './contract.ts'
import type { PostgresTarget } from './postgres/target.ts'
import type { RedisTarget } from './redis/target.ts'

export interface StoreSettings {
  /** `sqlite`, `inmemory` (or `memory`), `file` … */
  readonly storage: string
  /** Directory of the embedded store. */
  readonly dataDir: string
  /** File of the `file` store; default `<dataDir>/state.ndjson`. */
  readonly filedbPath?: string | null
  /** Prefix of the keys, for stores that are shared; default `otoroshi`. */
  readonly root?: string
  /** Milliseconds between two looks for changes nobody told of, for stores that are shared; default 5000. */
  readonly lookEvery?: number
  /** Where Redis is. */
  readonly redis?: RedisTarget | null
  /** Where PostgreSQL is. */
  readonly postgres?: PostgresTarget | null
}

const later = new Set(['http', 's3', 'leveldb', 'cassandra', 'cassandra-naive'])

const redisNames =
  /^(?:lettuce|redis|redis-pool|redis-mpool|redis-cluster|redis-lf|redis-sentinel|redis-sentinel-lf)$/

/** Rejects with `StoreUnavailable` when the store cannot be opened or the driver is not there. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  if (redisNames.test(settings.storage)) return openRedis(settings)
  switch (settings.storage) {
    case 'sqlite':
      return (await import('./sqlite.ts')).openSqliteStore(settings.dataDir)
    case 'inmemory':
    case 'memory':
      return (await import('./memory.ts')).createMemoryStore()
    case 'file':
      return (await import('./file.ts')).openFileStore(
        settings.filedbPath ?? join(settings.dataDir, 'state.ndjson'),
      )
    case 'pg':
    case 'postgresql':
      return openPostgres(settings)
    default:
      throw new StoreUnavailable(
        later.has(settings.storage) || /^(cp|ext):/.test(settings.storage)
          ? `the storage '${settings.storage}' is not available yet: use sqlite, file or inmemory`
          : `unknown storage '${settings.storage}': use sqlite, file or inmemory`,
      )
  }
}

async function openRedis({
  storage,
  redis,
  root = 'otoroshi',
  lookEvery = 5000,
}: StoreSettings): Promise<Store> {
  if (redis === undefined || redis === null)
    throw new StoreUnavailable(`the storage '${storage}' needs to know where Redis is`)
  return (await import('./redis.ts')).openRedisStore({ target: redis, root, lookEvery })
}

async function openPostgres({
  storage,
  postgres,
  root = 'otoroshi',
  lookEvery = 5000,
}: StoreSettings): Promise<Store> {
  if (postgres === undefined || postgres === null)
    throw new StoreUnavailable(`the storage '${storage}' needs to know where PostgreSQL is`)
  return (await import('./postgres.ts')).openPostgresStore({ target: postgres, root, lookEvery })
}
