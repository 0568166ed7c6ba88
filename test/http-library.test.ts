/** The examples of `otoroshi/http`, run as programs: the small server alone, and the small proxy in front of it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { call } from './support/http.ts'

const folder = join(import.meta.dirname, '../examples/http')
const started: ChildProcess[] = []
let server = 0
let proxy = 0

async function start(file: string, ...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [join(folder, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return Number(/^listening on (\d+)$/m.exec(line.toString())?.[1])
}

before(async () => {
  server = await start('server.ts', '0')
  proxy = await start('proxy.ts', '0', '127.0.0.1', String(server))
})
after(async () => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
})

describe('the small server', () => {
  it('answers what it was asked', async () => {
    const got = await call(server, 'http://a.test/b?c')
    assert.deepEqual([got.status, got.body], [200, 'GET /b?c for a.test, 0 bytes\n'])
  })

  it('counts a body, and refuses one that is too long', async () => {
    const fits = await call(server, 'http://a.test/', { method: 'POST', body: 'x'.repeat(1_000_000) })
    assert.equal(fits.body, 'POST / for a.test, 1000000 bytes\n')
    const long = await call(server, 'http://a.test/', {
      method: 'POST',
      headers: { 'Content-Length': 1_000_001 },
    })
    assert.equal(long.status, 413)
  })
})

describe('the small proxy', () => {
  it('passes requests on with their bodies, many at once, on kept connections', async () => {
    const sizes = Array.from({ length: 40 }, (_, i) => i * 5_000)
    const ask = (size: number) =>
      call(proxy, `http://a.test/${size}`, { method: 'PUT', body: 'x'.repeat(size) })
    for (let round = 0; round < 2; round++) {
      const got = await Promise.all(sizes.map(ask))
      assert.deepEqual(
        got.map(({ body }) => body),
        sizes.map(size => `PUT /${size} for a.test, ${size} bytes\n`),
      )
    }
  })

  it('passes a chunked body on', async () => {
    const headers = { 'Transfer-Encoding': 'chunked' }
    const got = await call(proxy, 'http://a.test/', { method: 'POST', headers, body: 'abc' })
    assert.equal(got.body, 'POST / for a.test, 3 bytes\n')
  })

  it('answers 502 when the origin is gone, and both end on SIGTERM', async () => {
    const [first, second] = started
    const ended = once(first!, 'exit')
    first!.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
    const got = await call(proxy, 'http://a.test/')
    assert.deepEqual([got.status, got.headers['x-fault']], [502, 'refused'])
    const proxyEnded = once(second!, 'exit')
    second!.kill('SIGTERM')
    assert.deepEqual(await proxyEnded, [0, null])
  })
})
