import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { StoreUnavailable } from './contract.ts'
import { openDatabase, sqliteFileName } from './sqlite-file.ts'
import { openSqliteStore } from './sqlite.ts'
import { testDirectory } from './testing/directory.ts'
import { scanAll, storeSuite } from './testing/suite.ts'

storeSuite('sqlite', async t => openSqliteStore(testDirectory(t)))

test('what was written is there after a restart, readable by the owner alone', async t => {
  const directory = join(testDirectory(t), 'made', 'here')
  const first = await openSqliteStore(directory)
  await first.commit([
    { key: 'a', value: '1' },
    { key: 'b', value: '2', expiresAt: Date.now() + 60_000 },
  ])
  await first.increment('c', 3, 0)
  for (const file of [sqliteFileName, `${sqliteFileName}-wal`])
    assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file)
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  await first.close()
  const second = await openSqliteStore(directory)
  assert.deepEqual(
    (await scanAll(second, '')).map(({ key, value }) => key + value),
    ['a1', 'b2', 'c3'],
  )
  await second.close()
})

test('the log is flushed at each commit', t => {
  const database = openDatabase(testDirectory(t))
  const setting = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  assert.equal(setting('journal_mode'), 'wal')
  assert.equal(setting('synchronous'), 2)
  assert.equal(setting('locking_mode'), 'exclusive')
  database.close()
})

test('a commit is in the log before it resolves', async t => {
  const directory = testDirectory(t)
  const store = await openSqliteStore(directory)
  await store.commit([{ key: 'a', value: '1' }])
  const copy = testDirectory(t)
  for (const file of [sqliteFileName, `${sqliteFileName}-wal`])
    copyFileSync(join(directory, file), join(copy, file))
  const other = await openSqliteStore(copy)
  assert.equal(await other.get('a'), '1')
  await other.close()
  await store.close()
})

test('a data directory that cannot be used is one clear sentence', async t => {
  const directory = testDirectory(t)
  const file = join(directory, 'file')
  writeFileSync(file, '')
  await assert.rejects(openSqliteStore(join(file, 'data')), {
    name: 'StoreUnavailable',
    message: /^the data file \S+ cannot be opened: ENOTDIR/,
  })
  const taken = join(directory, 'taken')
  mkdirSync(join(taken, sqliteFileName), { recursive: true })
  await assert.rejects(openSqliteStore(taken), StoreUnavailable)
})

test('a second opening in this process is refused', async t => {
  const directory = testDirectory(t)
  const store = await openSqliteStore(directory)
  await assert.rejects(openSqliteStore(directory), /in use by another process/)
  await store.commit([{ key: 'a', value: '1' }])
  await store.close()
})

test('a file that is not ours is refused and left as it is', async t => {
  const directory = testDirectory(t)
  const path = join(directory, sqliteFileName)
  const content = 'no database at all, but some text that is longer than a header\n'.repeat(40)
  writeFileSync(path, content)
  await assert.rejects(openSqliteStore(directory), /is damaged or is not a data file/)
  assert.equal(readFileSync(path, 'utf8'), content)
})

test('a file of a newer version is refused', async t => {
  const directory = testDirectory(t)
  const database = new DatabaseSync(join(directory, sqliteFileName))
  database.exec('PRAGMA user_version = 1000')
  database.close()
  await assert.rejects(openSqliteStore(directory), /written by a newer version/)
})

test('a damaged file is told, not served in part', async t => {
  const directory = testDirectory(t)
  const store = await openSqliteStore(directory)
  await store.commit(Array.from({ length: 500 }, (_, i) => ({ key: `k:${i}`, value: 'v'.repeat(500) })))
  await store.close()
  const path = join(directory, sqliteFileName)
  truncateSync(path, statSync(path).size >> 1)
  await assert.rejects(async () => {
    const damaged = await openSqliteStore(directory)
    try {
      await scanAll(damaged, '')
    } finally {
      await damaged.close()
    }
  }, StoreUnavailable)
})

test('a torn end of the log loses nothing before it', async t => {
  const directory = testDirectory(t)
  const store = await openSqliteStore(directory)
  for (let i = 0; i < 20; i++) await store.commit([{ key: `k:${i}`, value: String(i) }])
  const log = `${sqliteFileName}-wal`
  const whole = statSync(join(directory, log)).size
  await store.commit([{ key: 'last', value: 'x'.repeat(10_000) }])
  const copy = testDirectory(t)
  for (const file of [sqliteFileName, log]) copyFileSync(join(directory, file), join(copy, file))
  await store.close()
  truncateSync(join(copy, log), whole + 5000)
  const other = await openSqliteStore(copy)
  assert.equal((await scanAll(other, 'k:')).length, 20)
  assert.equal(await other.get('last'), null)
  await other.close()
})
