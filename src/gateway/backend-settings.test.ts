/** What a backend's settings do to real calls: time-outs, proxies, tracking, and what is left behind by faults. */
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, testRoute } from './testing/test-gateway.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(
  answer: (socket: Socket, head: string) => void,
  backend: Record<string, unknown> = {},
  globals: Record<string, unknown> = {},
) {
  const behind = await openRawBackend(answer)
  const gateway = await openTestGateway()
  open.push(gateway, behind)
  const targets = [{ hostname: '127.0.0.1', port: behind.port }]
  await gateway.write(
    ['GlobalConfig', globals],
    ['Route', testRoute('r', 'api.test', 1, { backend: { targets, ...backend } })],
  )
  return { gateway, behind }
}

async function settled(condition: () => boolean): Promise<void> {
  const until = Date.now() + 3000
  while (!condition()) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

describe('time-outs', () => {
  it('differ by path where the backend says so: the first pattern that fits path and query', async () => {
    const { gateway } = await setUp(
      (socket, head) => void setTimeout(() => socket.write(plainAnswer(head.split(' ')[1]!)), 600),
      {
        client: {
          call_timeout: 60,
          custom_timeouts: [
            { path: '/slow*', call_timeout: 9000 },
            { path: '/slow/never', call_timeout: 1 },
            { path: '*wait=1', call_timeout: 9000 },
          ],
        },
      },
    )
    const outcomes = await Promise.all(
      ['/', '/slow/x', '/slow/never', '/?wait=1'].map(async path => {
        const got = await gateway.call(`http://api.test${path}`)
        return got.headers['otoroshi-error-reason'] ?? got.body
      }),
    )
    assert.deepEqual(outcomes, ['backend.call_timeout', '/slow/x', '/slow/never', '/?wait=1'])
  })

  it('cut an answer that falls silent, and one that takes too long as a whole', async () => {
    const begin = (socket: Socket): void =>
      void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n')
    const drip = (socket: Socket): void => {
      begin(socket)
      const timer = setInterval(() => socket.write('1\r\n.\r\n'), 20)
      socket.on('close', () => clearInterval(timer))
    }
    for (const [answer, client] of [
      [begin, { idle_timeout: 100 }],
      [drip, { call_and_stream_timeout: 300 }],
    ] as const) {
      const { gateway, behind } = await setUp(answer, { client })
      await assert.rejects(gateway.call('http://api.test/'), /aborted|ECONNRESET|socket hang up/)
      assert.equal(gateway.finished[0]?.cut, true)
      await settled(() => behind.sockets.size === 0 && gateway.pools.open === 0)
      assert.equal(gateway.inFlight, 0)
    }
  })

  it('leave a slow answer alone that never falls silent', async () => {
    const { gateway } = await setUp(
      socket => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n')
        let left = 8
        const timer = setInterval(() => {
          socket.write('.')
          if (--left === 0) clearInterval(timer)
        }, 350)
      },
      // Longer in all than either, and no machine is so busy that it is silent for so long.
      { client: { idle_timeout: 2000, call_timeout: 1500 } },
    )
    assert.equal((await gateway.call('http://api.test/')).body, '........')
  })
})

describe('a forward proxy', () => {
  async function openProxy(): Promise<{ port: number; asked: string[] }> {
    const asked: string[] = []
    const server = http.createServer((request, response) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
      response.end('by proxy')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    open.push({
      close: async () => {
        server.closeAllConnections()
        server.close()
      },
    })
    return { port: (server.address() as AddressInfo).port, asked }
  }

  it('of the backend is used, with its password, and not for the hosts it leaves out', async () => {
    const { port, asked } = await openProxy()
    const proxy = { host: '127.0.0.1', port, principal: 'me', password: 'secret' }
    const through = await setUp(socket => void socket.write(plainAnswer('direct')), { client: { proxy } })
    assert.equal((await through.gateway.call('http://api.test/x')).body, 'by proxy')
    const credentials = Buffer.from('me:secret').toString('base64')
    assert.deepEqual(asked, [`http://127.0.0.1:${through.behind.port}/x Basic ${credentials}`])
    const direct = await setUp(socket => void socket.write(plainAnswer('direct')), {
      client: { proxy: { ...proxy, nonProxyHosts: ['127.*'] } },
    })
    assert.equal((await direct.gateway.call('http://api.test/x')).body, 'direct')
  })

  it('of the global configuration is used by backends without one, as soon as it is there', async () => {
    const { port, asked } = await openProxy()
    const { gateway } = await setUp(socket => void socket.write(plainAnswer('direct')))
    assert.equal((await gateway.call('http://api.test/')).body, 'direct')
    await gateway.write(['GlobalConfig', { proxies: { services: { host: '127.0.0.1', port } } }])
    assert.equal((await gateway.call('http://api.test/')).body, 'by proxy')
    assert.equal(asked.length, 1)
  })
})

describe('sticky balancing', () => {
  it('gives a client a cookie and keeps it at its target', async () => {
    const names = await Promise.all(
      ['a', 'b', 'c'].map(name => openRawBackend(socket => void socket.write(plainAnswer(name)))),
    )
    const gateway = await openTestGateway()
    open.push(gateway, ...names)
    const targets = names.map(({ port }) => ({ hostname: '127.0.0.1', port }))
    const backend = { targets, load_balancing: { type: 'Sticky' } }
    await gateway.write(['Route', testRoute('r', 'api.test', 1, { backend })])
    const met = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const first = await gateway.call('http://api.test/')
      const cookie = String(first.headers['set-cookie'])
      assert.match(cookie, /^otoroshi-tracking=[^;]+; .*Max-Age=2592000/)
      met.add(first.body)
      for (let j = 0; j < 3; j++) {
        const again = await gateway.call('http://api.test/', { headers: { Cookie: cookie.split(';')[0]! } })
        assert.equal(again.body, first.body)
      }
    }
    assert.equal(met.size, 3)
  })
})

describe('two routes of one place', () => {
  it('one for drafts, known by its header, and one for everybody', async () => {
    const draft = await openRawBackend(socket => void socket.write(plainAnswer('draft')))
    const { gateway } = await setUp(socket => void socket.write(plainAnswer('production')))
    open.push(draft)
    const frontend = { domains: ['api.test'], headers: { 'X-Testing': 'on' } }
    await gateway.write(['Route', testRoute('testing_route_r', 'api.test', draft.port, { frontend })])
    const ask = async (headers: Record<string, string>) =>
      (await gateway.call('http://api.test/', { headers })).body
    assert.deepEqual(
      [await ask({}), await ask({ 'x-testing': 'on' }), await ask({ 'X-Testing': 'off' })],
      ['production', 'draft', 'production'],
    )
    await gateway.remove('Route', 'testing_route_r')
    assert.equal(await ask({ 'X-Testing': 'on' }), 'production')
  })
})

describe('faults', () => {
  const faults: [string, (socket: Socket) => void][] = [
    ['resets', socket => socket.resetAndDestroy()],
    ['garbage', socket => void socket.write('\x00\x01garbage\r\n\r\n')],
    ['a short body', socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx')],
    [
      'broken chunks',
      socket => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    ],
    [
      'chunks that stop',
      socket => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'),
    ],
    ['a status that is none', socket => void socket.write('HTTP/1.1 2000 OK\r\n\r\n')],
    ['interim answers without end', socket => void socket.write('HTTP/1.1 103 Early\r\n\r\n'.repeat(5000))],
    ['an early refusal', socket => socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')],
  ]
  for (const [name, answer] of faults)
    it(`leave nothing behind: ${name}, a hundred times, with bodies`, async () => {
      const { gateway, behind } = await setUp(answer, { client: { max_errors: 100_000, call_timeout: 1000 } })
      for (let round = 0; round < 10; round++)
        await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            gateway
              .call('http://api.test/', i % 2 === 0 ? {} : { method: 'POST', body: 'x'.repeat(100_000) })
              .then(
                ({ status }) => assert.ok(status >= 400),
                error => assert.match(String(error), /aborted|ECONNRESET|socket hang up|EPIPE/),
              ),
          ),
        )
      await settled(() => behind.sockets.size === 0 && gateway.pools.open === 0)
      await settled(() => gateway.inFlight === 0)
      assert.equal(gateway.finished.length, 100)
    })
})
