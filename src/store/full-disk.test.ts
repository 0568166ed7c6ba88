/** A disk that is full: what was acknowledged stays, what was refused leaves no trace. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from './open.ts'
import { testDirectory } from './testing/directory.ts'
import { scanAll } from './testing/suite.ts'

const filler = join(import.meta.dirname, 'testing', 'filler.ts')

interface Seen {
  readonly count: number
  readonly unavailable: boolean
  readonly message: string
  readonly last: string | null
  readonly refused: string | null
  readonly small: boolean
}

for (const storage of ['sqlite', 'file'])
  test(`${storage}: a full disk refuses and loses nothing`, { timeout: 30_000 }, async t => {
    const dataDir = testDirectory(t)
    // Blocks of 512 or 1024 bytes: at most 2 MB a file.
    const limited = ['-c', 'ulimit -f 2000; exec "$0" "$@"', process.execPath, filler, storage, dataDir]
    const seen = JSON.parse(execFileSync('sh', limited, { encoding: 'utf8' })) as Seen
    assert.ok(seen.count > 10 && seen.count < 1000, `${seen.count} commits`)
    assert.equal(seen.unavailable, true, seen.message)
    assert.match(seen.message, /cannot be (written|used to write)/)
    assert.equal(seen.refused, null)
    assert.equal(seen.last, `k:${seen.count - 1}`)
    // What was half written was taken back, so a small commit fits again.
    if (storage === 'file') assert.equal(seen.small, true)
    const store = await openStore({ storage, dataDir })
    assert.equal((await scanAll(store, 'k:')).length, seen.count)
    assert.equal(await store.get('last'), `k:${seen.count - 1}`)
    assert.equal((await store.get('small')) !== null, seen.small)
    await store.commit([{ key: 'more', value: '1' }])
    await store.close()
  })
