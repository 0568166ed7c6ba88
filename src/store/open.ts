/** Chooses the store by the names upstream's `storage` setting knows. Only the chosen driver is loaded. */
import { join } from 'node:path'
import { type Store, StoreUnavailable } from './contract.ts'

export interface StoreSettings {
  /** `sqlite`, `inmemory` (or `memory`), `file` … */
  readonly storage: string
  /** Directory of the embedded store. */
  readonly dataDir: string
  /** File of the `file` store; default `<dataDir>/state.ndjson`. */
  readonly filedbPath?: string | null
}

const later = new Set([
  'lettuce',
  'redis',
  'redis-pool',
  'redis-mpool',
  'redis-cluster',
  'redis-lf',
  'redis-sentinel',
  'redis-sentinel-lf',
  'http',
  's3',
  'leveldb',
  'cassandra',
  'cassandra-naive',
  'pg',
  'postgresql',
])

/** Rejects with `StoreUnavailable` when the store cannot be opened or the driver is not there. */
export async function openStore(settings: StoreSettings): Promise<Store> {
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
    default:
      throw new StoreUnavailable(
        later.has(settings.storage) || /^(cp|ext):/.test(settings.storage)
          ? `the storage '${settings.storage}' is not available yet: use sqlite, file or inmemory`
          : `unknown storage '${settings.storage}': use sqlite, file or inmemory`,
      )
  }
}
