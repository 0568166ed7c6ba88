import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from './open.ts'
import { testDirectory } from './testing/directory.ts'

test('opens the driver of the setting', async t => {
  const dataDir = testDirectory(t)
  const drivers: Record<string, string> = {
    sqlite: 'sqlite',
    inmemory: 'inmemory',
    memory: 'inmemory',
    file: 'file',
  }
  for (const [storage, driver] of Object.entries(drivers)) {
    const store = await openStore({ storage, dataDir })
    assert.equal(store.driver, driver)
    assert.equal(store.durable, driver !== 'inmemory')
    await store.close()
  }
  const filedbPath = join(dataDir, 'elsewhere', 'own.ndjson')
  const store = await openStore({ storage: 'file', dataDir, filedbPath })
  await store.commit([{ key: 'a', value: '1' }])
  await store.close()
  assert.ok(existsSync(filedbPath))
})

test('names what it does not know, and what to use', async () => {
  for (const [storage, start] of [
    ['cassandra', "the storage 'cassandra' is not available yet"],
    ['ext:mine', "the storage 'ext:mine' is not available yet"],
    ['sqlit', "unknown storage 'sqlit'"],
    ['', "unknown storage ''"],
  ] as const)
    await assert.rejects(openStore({ storage, dataDir: 'unused' }), {
      name: 'StoreUnavailable',
      message: `${start}: use sqlite, file or inmemory`,
    })
})

test('a data directory that cannot be made is one clear sentence', async t => {
  const file = join(testDirectory(t), 'file')
  writeFileSync(file, '')
  for (const storage of ['sqlite', 'file'])
    await assert.rejects(openStore({ storage, dataDir: join(file, 'data') }), {
      name: 'StoreUnavailable',
      message: /^the data file \S+ cannot be opened: ENOTDIR[^\n]*$/,
    })
})
