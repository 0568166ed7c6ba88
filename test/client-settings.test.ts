/** The settings of connections to all backends, on a running gateway. */
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { until } from './support/wait.ts'

const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers) await close()
})

/** A backend that answers when it is told to, and a gateway with these settings in front of it. */
async function setUp(settings: Readonly<Record<string, string | number | boolean>>) {
  const waiting: http.ServerResponse[] = []
  const ports = new Set<number>()
  const server = http.createServer((request, response) => {
    ports.add(request.socket.remotePort!)
    if (request.url === '/wait') waiting.push(response)
    else response.setHeader('X-Long', 'x'.repeat(Number(request.url!.slice(1)))).end('done')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const args = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`])
  const gateway = await startGateway({ threads: 1, args })
  const { port } = server.address() as AddressInfo
  await gateway.route({
    id: 'r',
    name: 'r',
    frontend: { domains: ['r.test'] },
    backend: { targets: [{ hostname: '127.0.0.1', port }] },
  })
  closers.push(
    () => gateway.stop(),
    () => {
      server.closeAllConnections()
      server.close()
    },
  )
  return { gateway, server, waiting, ports }
}

const ask = (gateway: TestGateway, path: string): Promise<Got> => call(gateway.port, `http://r.test${path}`)

describe('the settings of connections to backends', () => {
  it('keep connections or do not', async () => {
    const kept = await setUp({})
    for (let i = 0; i < 5; i++) assert.equal((await ask(kept.gateway, '/1')).body, 'done')
    assert.equal(kept.ports.size, 1)
    const { gateway, server, ports } = await setUp({ 'otoroshi.proxy.keepAlive': false })
    for (let i = 0; i < 5; i++) assert.equal((await ask(gateway, '/1')).body, 'done')
    assert.equal(ports.size, 5)
    await until('all are closed', () => new Promise(done => server.getConnections((_, n) => done(n === 0))))
  })

  it('bound connections and those who wait for one', async () => {
    const { gateway, waiting, ports } = await setUp({
      'pekko.http.host-connection-pool.max-connections': 2,
      'pekko.http.host-connection-pool.max-open-requests': 1,
    })
    const answers: Promise<Got>[] = []
    for (let i = 0; i < 2; i++) {
      answers.push(ask(gateway, '/wait'))
      await until('the backend has it', () => waiting.length === i + 1)
    }
    // Of two more one waits and the other is told at once, whichever came first.
    const more = [ask(gateway, '/wait'), ask(gateway, '/wait')]
    const refused = await Promise.race(more)
    assert.deepEqual([refused.status, refused.headers['otoroshi-error-reason']], [503, 'backend.queue_full'])
    assert.equal(waiting.length, 2)
    for (const response of waiting.splice(0)) response.end('late')
    await until('the one that waited has its turn', () => waiting.length === 1)
    waiting[0]!.end('later')
    const got = await Promise.all([...answers, ...more])
    assert.deepEqual(got.map(({ status }) => status).sort(), [200, 200, 200, 503])
    assert.ok(ports.size <= 2)
  })

  it('bound heads of answers', async () => {
    const { gateway } = await setUp({ 'otoroshi.proxy.maxHead': 2000 })
    assert.equal((await ask(gateway, '/1000')).body, 'done')
    const got = await ask(gateway, '/3000')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [502, 'backend.bad_response'])
  })
})
