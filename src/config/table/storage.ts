/** Where the entities are kept. */
import { setting } from '../setting.ts'
import { choice, optional, path, text } from '../value-types.ts'

export const storage = {
  kind: setting({
    key: 'otoroshi.storage',
    env: ['APP_STORAGE', 'OTOROSHI_STORAGE'],
    flag: 'storage',
    type: choice(
      ['sqlite', 'inmemory', 'file'],
      { memory: 'inmemory' },
      ' (other stores are not available in this version)',
    ),
    default: 'sqlite',
    about: 'kind of store: sqlite (a database in the data directory), inmemory (lost at the end) or file',
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
}
