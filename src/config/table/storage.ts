/** Where the entities are kept. */
import { redisKinds } from '../redis/target.ts'
import { setting } from '../setting.ts'
import { choice, duration, optional, path, text, type ValueType } from '../value-types.ts'

const kinds = ['sqlite', 'inmemory', 'file', 'postgresql', ...redisKinds] as const

/** Names that Otoroshi knows besides: stores of its own, and those of plugins and extensions. */
const upstreamOnly = /^(?:http|s3|leveldb|cassandra|cassandra-naive|(?:cp|ext):[\w.:$-]{1,100})$/i

const kind: ValueType<(typeof kinds)[number]> = {
  ...choice(kinds, { memory: 'inmemory', pg: 'postgresql' }),
  refuse(raw) {
    const name = typeof raw === 'string' ? raw.trim() : ''
    if (!upstreamOnly.test(name)) return undefined
    return `the storage '${name}' of Otoroshi is not part of this version: use one of ${kinds.join(', ')}`
  },
}

export const storage = {
  kind: setting({
    key: 'otoroshi.storage',
    env: ['APP_STORAGE', 'OTOROSHI_STORAGE'],
    flag: 'storage',
    type: kind,
    default: 'sqlite',
    about:
      'kind of store: sqlite (a database in the data directory), inmemory (lost at the end), file, postgresql, or one of Redis, where all names but the cluster differ only in the settings they read',
  }),
  root: setting({
    key: 'otoroshi.storageRoot',
    env: ['APP_STORAGE_ROOT', 'OTOROSHI_STORAGE_ROOT'],
    type: text,
    default: 'otoroshi',
    about: 'prefix of every key in the store',
  }),
  dataDir: setting({
    key: 'otoroshi.dataDir',
    env: ['OTOROSHI_DATA_DIR'],
    flag: 'data-dir',
    type: path,
    default: './data',
    about: 'directory of everything this process writes',
  }),
  filedbPath: setting({
    key: 'otoroshi.filedb.path',
    env: ['FILEDB_PATH', 'OTOROSHI_FILEDB_PATH'],
    type: optional(path),
    default: null,
    defaultText: 'state.ndjson in the data directory',
    about: 'file of the file store',
  }),
  lookEvery: setting({
    key: 'otoroshi.storageLookEvery',
    env: ['OTOROSHI_STORAGE_LOOK_EVERY'],
    type: duration({ min: 100 }),
    default: 5000,
    unit: 'ms',
    about:
      'pause between two looks at a shared store for what others changed without telling: an Otoroshi on the same store, for one; gateways of this kind tell each other at once',
  }),
}
