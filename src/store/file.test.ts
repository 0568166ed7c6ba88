import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFileStore } from './file.ts'
import { testDirectory } from './testing/directory.ts'
import { scanAll, storeSuite } from './testing/suite.ts'

storeSuite('file', async t => openFileStore(join(testDirectory(t), 'state.ndjson')))

/** A journal of ten commits as a crash would leave it: the file itself was not written. */
async function crashed(t: Parameters<typeof testDirectory>[0]): Promise<string> {
  const path = join(testDirectory(t), 'state.ndjson')
  const store = await openFileStore(path)
  for (let i = 0; i < 10; i++) await store.commit([{ key: `k:${i}`, value: `value ${i}` }])
  const copy = join(testDirectory(t), 'state.ndjson')
  copyFileSync(`${path}.journal`, `${copy}.journal`)
  await store.close()
  return copy
}

async function countAfter(path: string): Promise<number> {
  const store = await openFileStore(path)
  const { length } = await scanAll(store, 'k:')
  await store.close()
  return length
}

test('what was written is there after a restart, readable by the owner alone', async t => {
  const path = join(testDirectory(t), 'made', 'here', 'state.ndjson')
  const first = await openFileStore(path)
  await first.commit([{ key: 'a', value: 'é\n"😀' }])
  await first.increment('c', 3, 0)
  await first.close()
  for (const file of [path, `${path}.journal`, `${path}.lock`])
    assert.equal(statSync(file).mode & 0o777, 0o600, file)
  const second = await openFileStore(path)
  assert.equal(await second.get('a'), 'é\n"😀')
  assert.equal(await second.increment('c', 1, 0), 4)
  await second.close()
})

test('the file is the raw export of upstream, both ways', async t => {
  const path = join(testDirectory(t), 'state.ndjson')
  const lists = '{"k":"otoroshi:events","v":["a"],"t":-1,"w":"list"}'
  const later = Date.now() + 60_000
  writeFileSync(
    path,
    [
      '{"k":"otoroshi:routes:r","v":"{\\"id\\":\\"r\\"}","t":-1,"w":"string"}',
      lists,
      `{"k":"otoroshi:count","v":12,"t":${later},"w":"counter"}`,
      '{"k":"otoroshi:old","v":"x","t":5,"w":"string"}',
    ].join('\n'),
  )
  const store = await openFileStore(path)
  assert.equal(await store.get('otoroshi:routes:r'), '{"id":"r"}')
  assert.equal(await store.get('otoroshi:old'), null)
  assert.equal(await store.increment('otoroshi:count', 1, 0), 13)
  await store.close()
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, 3)
  assert.ok(lines.includes(lists), 'values of other kinds are kept')
  assert.deepEqual(
    lines.map(line => JSON.parse(line)).find(line => line.k === 'otoroshi:count'),
    { k: 'otoroshi:count', v: '13', t: later, w: 'string' },
  )
})

test('a torn last line of the journal is ignored whole, wherever it was torn', async t => {
  const whole = readFileSync(`${await crashed(t)}.journal`)
  const start = whole.lastIndexOf(10, whole.length - 2) + 1
  for (let end = start; end < whole.length; end += 7) {
    const path = join(testDirectory(t), 'state.ndjson')
    writeFileSync(`${path}.journal`, whole.subarray(0, end))
    const store = await openFileStore(path)
    assert.equal((await scanAll(store, 'k:')).length, 9)
    // What is written after the repair must be found again without a clean close.
    await store.commit([{ key: 'k:new', value: '1' }])
    const copy = join(testDirectory(t), 'state.ndjson')
    copyFileSync(`${path}.journal`, `${copy}.journal`)
    await store.close()
    assert.equal(await countAfter(copy), 10)
  }
})

test('a last line of holes (power lost before its pages were written) is ignored', async t => {
  const path = await crashed(t)
  appendFileSync(`${path}.journal`, `${'\u0000'.repeat(100)}\n`)
  assert.equal(await countAfter(path), 10)
})

test('damage before the last line stops the start instead of losing commits', async t => {
  const path = await crashed(t)
  const lines = readFileSync(`${path}.journal`, 'utf8').split('\n')
  lines[4] = lines[4]!.replace('value 4', 'value 5')
  writeFileSync(`${path}.journal`, lines.join('\n'))
  await assert.rejects(openFileStore(path), {
    name: 'StoreUnavailable',
    message: /^line 5 of \S+\.journal is damaged: restore the file from a backup$/,
  })
})

test('a damaged snapshot stops the start', async t => {
  const path = join(testDirectory(t), 'state.ndjson')
  for (const line of ['not json', '{"k":1,"v":"x","t":-1}', '{"k":"a","v":{},"t":-1,"w":"string"}', '[]']) {
    writeFileSync(path, `{"k":"a","v":"1","t":-1,"w":"string"}\n${line}\n`)
    await assert.rejects(openFileStore(path), /line 2 of \S+ is not a stored key/)
  }
})

test('a crash between the new file and the emptied journal changes nothing', async t => {
  const path = join(testDirectory(t), 'state.ndjson')
  const store = await openFileStore(path)
  await store.commit([{ key: 'k:1', value: 'a' }])
  await store.increment('k:2', 5, 0)
  await store.commit([{ key: 'k:1', value: 'b' }])
  await store.increment('k:2', 5, 0)
  const journal = readFileSync(`${path}.journal`)
  await store.close()
  writeFileSync(`${path}.journal`, journal)
  const again = await openFileStore(path)
  assert.equal(await again.get('k:1'), 'b')
  assert.equal(await again.get('k:2'), '10')
  await again.close()
})

test('the journal is folded into the file when it has grown', async t => {
  const path = join(testDirectory(t), 'state.ndjson')
  const store = await openFileStore(path)
  const value = 'v'.repeat(1 << 20)
  for (let i = 0; i < 12; i++) await store.commit([{ key: 'k:same', value: value + i }])
  assert.ok(statSync(`${path}.journal`).size < 9 << 20)
  assert.ok((await store.get('k:same')) === `${value}11`)
  await store.close()
  const again = await openFileStore(path)
  assert.ok((await again.get('k:same')) === `${value}11`)
  await again.close()
})

test('a second opening in this process is refused', async t => {
  const path = join(testDirectory(t), 'state.ndjson')
  const store = await openFileStore(path)
  await assert.rejects(openFileStore(path), /in use by another process/)
  await store.close()
  await (await openFileStore(path)).close()
})
