import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ExporterFault } from './exporter.ts'
import { openFile } from './file.ts'

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-files-'))
after(() => rmSync(folder, { recursive: true }))

const pause = () => new Promise(resolve => setTimeout(resolve, 300))
const linesOf = (path: string) => readFileSync(path, 'utf8').split('\r\n').slice(0, -1)

test('one event a line, in order, however many are sent at once; folders are made', async () => {
  const path = join(folder, 'a', 'b', 'events.log')
  const file = openFile({ path, maxFileSize: 1e6 })
  const texts = Array.from({ length: 60 }, (_, n) => JSON.stringify({ n, text: 'é€' }))
  await Promise.all([0, 1, 2].map(part => file.send(texts.slice(part * 20, part * 20 + 20))))
  await file.close()
  assert.deepEqual(linesOf(path), texts)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const again = openFile({ path, maxFileSize: 1e6 })
  await again.send(['{"more":1}'])
  await again.close()
  assert.equal(linesOf(path).length, 61)
})

test('a file that was moved or removed is made anew', async () => {
  const path = join(folder, 'moved.log')
  const file = openFile({ path, maxFileSize: 1e6 })
  await file.send(['1'])
  renameSync(path, `${path}.old`)
  await pause()
  await file.send(['2'])
  rmSync(path)
  await pause()
  await file.send(['3'])
  await file.close()
  assert.deepEqual([linesOf(`${path}.old`), linesOf(path)], [['1'], ['3']])
})

test('files that are full are set aside, none over another, and the newest stay', async () => {
  const path = join(folder, 'full', 'full.log')
  const all = openFile({ path, maxFileSize: 10 })
  for (let n = 0; n < 20; n++) await all.send([JSON.stringify({ n, long: 'long enough' })])
  const aside = readdirSync(join(folder, 'full'))
  assert.equal(aside.length, 20)
  assert.ok(!existsSync(path))
  await all.close()
  await pause()
  const few = openFile({ path, maxFileSize: 10, maxNumberOfFile: 3 })
  for (let n = 20; n < 22; n++) await few.send([JSON.stringify({ n, long: 'long enough' })])
  await few.close()
  const left = readdirSync(join(folder, 'full')).sort()
  assert.deepEqual(
    left.map(name => JSON.parse(linesOf(join(folder, 'full', name))[0]!).n),
    [19, 20, 21],
  )
})

test('what grew beyond the size while it was open counts with what was there before', async () => {
  const path = join(folder, 'counted.log')
  const file = openFile({ path, maxFileSize: 100 })
  for (let n = 0; n < 3; n++) await file.send(['"0123456789012345678901234567"'])
  assert.equal(statSync(path).size, 96)
  await file.send(['"0123456789012345678901234567"'])
  assert.ok(!existsSync(path))
  await file.close()
})

test('a device is never set aside', async () => {
  const file = openFile({ path: '/dev/null', maxFileSize: 1 })
  await file.send(['"longer than a byte"'])
  await file.close()
  assert.ok(statSync('/dev/null').isCharacterDevice())
})

test('what cannot be written is told, and written once it can be', async () => {
  const file = openFile({ path: '/dev/null/events.log', maxFileSize: 1000 })
  await assert.rejects(file.send(['1']), { code: 'ENOTDIR' })
  await assert.rejects(file.send(['1']), { code: 'ENOTDIR' })
  await file.close()
})

test('settings that are none are refused', () => {
  for (const config of [
    {},
    { path: '', maxFileSize: 1 },
    { path: 'x', maxFileSize: 0 },
    { path: 'x\0', maxFileSize: 1 },
  ])
    assert.throws(() => openFile(config), ExporterFault)
})
