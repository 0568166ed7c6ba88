import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, testRoute } from './testing/test-gateway.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(answer: (socket: Socket, head: string) => void, client: Record<string, unknown> = {}) {
  const backend = await openRawBackend(answer)
  const gateway = await openTestGateway()
  open.push(gateway, backend)
  await gateway.write(['Route', routeTo([backend.port], client)])
  return { gateway, backend }
}

function routeTo(
  ports: readonly number[],
  client: Record<string, unknown> = {},
  backend: Record<string, unknown> = {},
) {
  const targets = ports.map((port, i) => ({ id: `t${i}`, hostname: '127.0.0.1', port, tls: false }))
  return testRoute('r', 'api.test', 1, { backend: { targets, client, ...backend } })
}

/** A port nobody listens on. */
async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

describe('a backend that misbehaves', () => {
  const cases: [string, (socket: Socket) => void, number, string][] = [
    ['resets', socket => socket.resetAndDestroy(), 502, 'backend.reset'],
    ['closes without an answer', socket => socket.end(), 502, 'backend.reset'],
    ['sends garbage', socket => void socket.write('SSH-2.0-x\r\n\r\n'), 502, 'backend.bad_response'],
    [
      'sends two lengths',
      socket => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
      502,
      'backend.bad_response',
    ],
    [
      'sends a length and chunks',
      socket =>
        void socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      502,
      'backend.bad_response',
    ],
    ['never answers', () => {}, 504, 'backend.call_timeout'],
    [
      'sends a head without end',
      socket => {
        const drip = (): void => {
          if (!socket.destroyed) socket.write(`X-${'a'.repeat(2000)}: 1\r\n`, () => setImmediate(drip))
        }
        socket.write('HTTP/1.1 200 OK\r\n')
        drip()
      },
      502,
      'backend.bad_response',
    ],
  ]
  for (const [name, answer, status, reason] of cases) {
    it(`gets its client ${status}: ${name}`, async () => {
      const { gateway, backend } = await setUp(answer, { call_timeout: 300 })
      const got = await gateway.call('http://api.test/')
      assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [status, reason])
      await settled(() => backend.sockets.size === 0 && gateway.pools.open === 0)
    })
  }

  it('that refuses connections answers 502, that does not resolve too', async () => {
    const gateway = await openTestGateway()
    open.push(gateway)
    await gateway.write(
      ['Route', routeTo([await closedPort()])],
      [
        'Route',
        testRoute('d', 'dns.test', 1, { backend: { targets: [{ hostname: 'nowhere.invalid', port: 80 }] } }),
      ],
    )
    const refused = await gateway.call('http://api.test/')
    assert.deepEqual([refused.status, refused.headers['otoroshi-error-reason']], [502, 'backend.refused'])
    const lost = await gateway.call('http://dns.test/')
    assert.deepEqual([lost.status, lost.headers['otoroshi-error-reason']], [502, 'backend.dns'])
  })

  it('cuts the answer when its body is shorter than told', async () => {
    const { gateway } = await setUp(socket =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'),
    )
    await assert.rejects(gateway.call('http://api.test/'), /aborted|ECONNRESET|socket hang up/)
    assert.equal(gateway.finished[0]?.cut, true)
    assert.equal(gateway.inFlight, 0)
  })

  it('gets no second request on a connection with bytes to spare', async () => {
    let n = 0
    const { gateway, backend } = await setUp(socket => {
      socket.write(`${plainAnswer(`answer ${++n}`)}HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled`)
    })
    assert.equal((await gateway.call('http://api.test/')).body, 'answer 1')
    assert.equal((await gateway.call('http://api.test/')).body, 'answer 2')
    assert.ok(backend.requests.length >= 2)
  })
})

describe('retries', () => {
  it('try another target and wait in between', async () => {
    const dead = await closedPort()
    const backend = await openRawBackend(socket => void socket.write(plainAnswer('alive')))
    const gateway = await openTestGateway()
    open.push(gateway, backend)
    await gateway.write([
      'Route',
      routeTo([dead, backend.port], { retries: 4, retry_initial_delay: 20, backoff_factor: 2 }),
    ])
    for (let i = 0; i < 6; i++) assert.equal((await gateway.call('http://api.test/')).body, 'alive')
  })

  it('are not made for a method that may have had an effect', async () => {
    let calls = 0
    const { gateway } = await setUp(
      socket => {
        calls++
        socket.destroy()
      },
      { retries: 3, retry_initial_delay: 1 },
    )
    assert.equal((await gateway.call('http://api.test/', { method: 'POST' })).status, 502)
    assert.equal(calls, 1)
    assert.equal((await gateway.call('http://api.test/')).status, 502)
    assert.equal(calls, 4)
  })

  it('never send a body twice', async () => {
    const bodies: string[] = []
    const server = net.createServer(socket => {
      socket.on('error', () => {})
      socket.on('data', chunk => {
        bodies.push(chunk.toString())
        if (chunk.includes('payload')) socket.destroy()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const gateway = await openTestGateway()
    open.push(gateway, { close: async () => void server.close() })
    await gateway.write([
      'Route',
      routeTo([(server.address() as AddressInfo).port], { retries: 3, retry_initial_delay: 1 }),
    ])
    const got = await gateway.call('http://api.test/', { method: 'PUT', body: 'payload' })
    assert.equal(got.status, 502)
    assert.equal(bodies.filter(text => text.includes('payload')).length, 1)
  })

  it('end with the global time-out', async () => {
    const { gateway } = await setUp(() => {}, {
      retries: 10,
      call_timeout: 200,
      global_timeout: 500,
      retry_initial_delay: 1,
    })
    const start = performance.now()
    const got = await gateway.call('http://api.test/')
    assert.equal(got.status, 504)
    assert.ok(performance.now() - start < 2500)
    assert.match(String(got.headers['otoroshi-error-reason']), /backend\.(global|call)_timeout/)
  })
})

describe('the circuit breaker', () => {
  it('opens after failures in a row and lets one probe through', async () => {
    let alive = false
    const { gateway, backend } = await setUp(
      socket => void (alive ? socket.write(plainAnswer('back')) : socket.destroy()),
      { max_errors: 3, sample_interval: 200 },
    )
    for (let i = 0; i < 3; i++) assert.equal((await gateway.call('http://api.test/')).status, 502)
    const before = backend.requests.length
    const open = await gateway.call('http://api.test/')
    assert.deepEqual([open.status, open.headers['otoroshi-error-reason']], [503, 'backend.circuit_open'])
    assert.equal(backend.requests.length, before)
    alive = true
    await new Promise(resolve => setTimeout(resolve, 250))
    assert.equal((await gateway.call('http://api.test/')).body, 'back')
    assert.equal((await gateway.call('http://api.test/')).body, 'back')
  })
})

describe('a client', () => {
  it('that leaves ends the call to the backend', async () => {
    const { gateway, backend } = await setUp(() => {})
    const socket = net.connect(gateway.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: api.test\r\n\r\n')
    await settled(() => backend.requests.length === 1)
    socket.resetAndDestroy()
    await settled(() => backend.sockets.size === 0)
    assert.equal(gateway.finished[0]?.clientGone, true)
    assert.equal(gateway.inFlight, 0)
  })

  it('that breaks its body gets 400, and the backend no end of it', async () => {
    const { gateway, backend } = await setUp(() => {})
    const socket = net.connect(gateway.port, '127.0.0.1')
    let answer = ''
    socket.on('data', chunk => (answer += chunk))
    socket.write(
      'POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n',
    )
    await settled(() => answer.includes('\r\n\r\n'))
    assert.match(answer, /^HTTP\/1.1 400 /)
    assert.match(answer, /request\.bad_body/)
    await settled(() => backend.sockets.size === 0)
  })
})

describe('an answer of the backend', () => {
  it('flows byte by byte', async () => {
    const { gateway } = await setUp(socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
      socket.write('9\r\ndata: 1\n\n\r\n')
    })
    const socket = net.connect(gateway.port, '127.0.0.1')
    let got = ''
    socket.on('data', chunk => (got += chunk))
    socket.write('GET / HTTP/1.1\r\nHost: api.test\r\n\r\n')
    await settled(() => got.includes('data: 1'))
    socket.destroy()
  })

  it('keeps several cookies, interim answers and trailers', async () => {
    const { gateway } = await setUp(socket => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
      socket.write(
        'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n',
      )
    })
    const socket = net.connect(gateway.port, '127.0.0.1')
    let got = ''
    socket.on('data', chunk => (got += chunk))
    socket.write('GET / HTTP/1.1\r\nHost: api.test\r\n\r\n')
    await settled(() => got.includes('X-Sum: 7'))
    socket.destroy()
    assert.match(
      got,
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    )
    assert.match(got, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/)
  })
})

/** Waits until the condition holds, at most three seconds. */
async function settled(condition: () => boolean): Promise<void> {
  const until = Date.now() + 3000
  while (!condition()) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
