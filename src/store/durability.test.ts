/** Law 6: an acknowledged write survives `kill -9`. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from './contract.ts'
import { openStore } from './open.ts'
import { testDirectory } from './testing/directory.ts'
import { scanAll } from './testing/suite.ts'

const writer = join(import.meta.dirname, 'testing', 'writer.ts')
const rounds = 6

for (const storage of ['sqlite', 'file'])
  test(`${storage}: every acknowledged write is there after kill -9`, { timeout: 60_000 }, async t => {
    const dataDir = testDirectory(t)
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round++) {
      const lines = await killed(storage, dataDir, round)
      const store = await openStore({ storage, dataDir })
      try {
        acknowledged.push(...lines.map(line => line.split(' ', 1)[0]!))
        await verify(store, acknowledged)
        const counted = Math.max(0, ...lines.map(line => Number(line.split(' ')[1])))
        assert.ok(Number((await store.get(`c:${round}`)) ?? 0) >= counted)
      } finally {
        await store.close()
      }
    }
    t.diagnostic(`${acknowledged.length} acknowledged commits in ${rounds} rounds`)
    assert.ok(acknowledged.length > rounds * 5, `only ${acknowledged.length} commits`)
  })

/** Lines acknowledged by a writer that was killed at a random moment. */
async function killed(storage: string, dataDir: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, storage, dataDir, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', chunk => {
      output += chunk
      if (output.startsWith('ready\n')) resolve()
    })
    child.once('exit', code => reject(new Error(`the writer ended by itself: ${code}`)))
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  await ready
  await sleep(20 + Math.random() * 250)
  child.kill('SIGKILL')
  await ended
  // The last line may be torn: its write is not counted as acknowledged.
  return output.split('\n').slice(1, -1)
}

async function verify(store: Store, acknowledged: readonly string[]): Promise<void> {
  const found = new Map((await scanAll(store, '')).map(entry => [entry.key, entry.value]))
  for (const key of acknowledged) {
    assert.ok(found.get(`a:${key}`)?.startsWith(`${key}x`), `a:${key} is lost`)
    assert.ok(found.get(`b:${key}`)?.startsWith(`${key}x`), `b:${key} is lost`)
  }
  for (const key of found.keys())
    if (key.startsWith('a:')) assert.ok(found.has(`b:${key.slice(2)}`), `${key} without its other half`)
    else if (key.startsWith('b:')) assert.ok(found.has(`a:${key.slice(2)}`), `${key} without its other half`)
}

test('a second process is refused while the first one lives', { timeout: 30_000 }, async t => {
  for (const storage of ['sqlite', 'file']) {
    const dataDir = testDirectory(t)
    const child = spawn(process.execPath, [writer, storage, dataDir, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
    await new Promise<void>(resolve => child.stdout.once('data', () => resolve()))
    await assert.rejects(openStore({ storage, dataDir }), {
      name: 'StoreUnavailable',
      message: /^the data file \S+ is in use by another process$/,
    })
    child.kill('SIGKILL')
    await ended
    const store = await openStore({ storage, dataDir })
    await store.close()
    assert.ok(existsSync(dataDir))
  }
})
