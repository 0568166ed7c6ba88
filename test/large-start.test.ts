import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { clientId, clientSecret, fill } from '../bench/scale/fill.ts'
import { basic } from '../bench/scale/gateway.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { lastingFreePort } from './support/free-port.ts'
import { launch, startGateway, TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'

const KEYS = 80_000
const dataDir = mkdtempSync(join(tmpdir(), 'otoroshi-many-'))
let backend: Backend

/** A process with its output, and the first answer it gave to a call with this key. */
async function firstAnswer(id: string, secret: string) {
  const port = await lastingFreePort()
  const child: ChildProcess = launch({ dataDir, env: { OTOROSHI_PORT: String(port) } })
  let output = ''
  child.stdout!.on('data', chunk => (output += chunk))
  child.stderr!.on('data', chunk => (output += chunk))
  const gateway = new TestGateway(child, port, dataDir, false, () => output)
  for (const until = Date.now() + 30_000; ; ) {
    const got = await measured(port, id, secret).catch(() => null)
    if (got !== null) return { gateway, got, isReady: output.includes('ready in') }
    if (child.exitCode !== null || Date.now() > until) throw new Error(`it does not serve: ${output}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

const measured = (port: number, id: string, secret: string): Promise<Got> =>
  call(port, 'http://measured.test/', { headers: basic(id, secret) })

before(async () => {
  backend = await startBackend()
  const first = await startGateway({ dataDir })
  await first.stopKeeping()
  const store = await openSqliteStore(dataDir)
  await fill(store, KEYS, 0, backend.port)
  await store.close()
})
after(async () => {
  await backend?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

describe('a start with very many keys', () => {
  const last = [clientId(KEYS - 1), clientSecret(KEYS - 1)] as const

  it('serves any of them before all are read, and the admin API answers when all are there', async () => {
    const { gateway, got, isReady } = await firstAnswer(...last)
    try {
      const counted = gateway.admin('GET', '/apis/apim.otoroshi.io/v1/apikeys/_count')
      const [unknown, wrong, another] = await Promise.all([
        measured(gateway.port, 'nobody', 'x'),
        measured(gateway.port, clientId(KEYS - 2), 'x'),
        measured(gateway.port, clientId(KEYS - 3), clientSecret(KEYS - 3)),
      ])
      assert.equal(got.status, 200)
      assert.equal(isReady, false, 'it answered after it had read all')
      assert.deepEqual([unknown.status, wrong.status, another.status], [400, 401, 200])
      const { json } = await counted
      assert.ok(json.count > KEYS, `${json.count} keys`)
      const page = await gateway.admin(
        'GET',
        `/apis/apim.otoroshi.io/v1/apikeys?page=1&pageSize=${KEYS + 10}`,
      )
      const ids = page.json.map(({ clientId: id }: { clientId: string }) => id)
      assert.equal(ids.length, json.count)
      assert.equal(new Set(ids).size, ids.length)
      assert.deepEqual(ids, ids.toSorted())
    } finally {
      await gateway.stopKeeping()
    }
  })

  it('can be ended while it reads, with what it serves answered', async () => {
    const { gateway, got } = await firstAnswer(...last)
    assert.equal(got.status, 200)
    gateway.child.kill('SIGTERM')
    const [code] = await once(gateway.child, 'exit')
    assert.equal(code, 0, gateway.output)
    assert.ok(!gateway.output.includes('ready in'), 'it had read all')
    assert.ok(!/error/i.test(gateway.output.replaceAll('INSECURE', '')), gateway.output)
  })
})
