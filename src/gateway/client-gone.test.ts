/** Clients that do not wait: the backend is let go, nothing is left behind, and the reason is recorded. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import type { PluginInstance } from '../plugin/contract.ts'
import { openRawBackend, type RawBackend } from './testing/test-backend.ts'
import { openTestGateway, type TestGateway, testRoute } from './testing/test-gateway.ts'
import { testPlugin } from './testing/test-plugin.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

interface Place {
  readonly gateway: TestGateway
  readonly backend: RawBackend
}

async function setUp(
  answer: (socket: Socket) => void,
  instance: PluginInstance = {},
  client: Record<string, unknown> = {},
): Promise<Place> {
  const backend = await openRawBackend(answer)
  const gateway = await openTestGateway({ plugins: [testPlugin('p', instance)] })
  open.push(gateway, backend)
  const targets = [{ hostname: '127.0.0.1', port: backend.port }]
  await gateway.write([
    'Route',
    testRoute('r', 'api.test', 1, { backend: { targets, client }, plugins: [{ plugin: 'p' }] }),
  ])
  return { gateway, backend }
}

async function settled(condition: () => boolean): Promise<void> {
  const until = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** A client whose request was sent; `got` is what came back. */
async function client(gateway: TestGateway, request: string) {
  const socket = net.connect(gateway.port, '127.0.0.1')
  await once(socket, 'connect')
  const state = { socket, got: '' }
  socket.on('data', chunk => (state.got += chunk))
  socket.on('error', () => {})
  socket.write(request)
  return state
}

async function gone({ gateway, backend }: Place, status: number): Promise<void> {
  await settled(() => gateway.finished.length === 1 && backend.sockets.size === 0)
  const [run] = gateway.finished
  assert.deepEqual(
    [run?.clientGone, run?.cut, run?.status, run?.refusal?.reason],
    [true, false, status, 'request.client_gone'],
  )
  assert.deepEqual([gateway.inFlight, gateway.pools.open], [0, 0])
  assert.deepEqual(gateway.logs, [])
}

const begin = (socket: Socket): void =>
  void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n')
const get = 'GET / HTTP/1.1\r\nHost: api.test\r\n\r\n'
const post = 'POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100\r\n\r\nbegun'

const leave = (socket: Socket): void => void socket.resetAndDestroy()

describe(`a client that leaves`, () => {
  it('before the backend answers', async () => {
    const place = await setUp(() => {})
    const { socket } = await client(place.gateway, get)
    await settled(() => place.backend.requests.length === 1)
    leave(socket)
    await gone(place, 0)
  })

  it('in the middle of an answer', async () => {
    const place = await setUp(begin)
    const state = await client(place.gateway, get)
    await settled(() => state.got.includes('begun'))
    leave(state.socket)
    await gone(place, 200)
  })

  it('in the middle of an answer, with an end that could be that of its request alone', async () => {
    const place = await setUp(socket => {
      begin(socket)
      const timer = setInterval(() => socket.write('1\r\nx\r\n'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    const state = await client(place.gateway, get)
    await settled(() => state.got.includes('begun'))
    state.socket.destroy()
    await gone(place, 200)
  })

  it('in the middle of its own body', async () => {
    const place = await setUp(() => {})
    const { socket } = await client(place.gateway, post)
    await settled(() => place.backend.requests.length === 1)
    leave(socket)
    await gone(place, 0)
  })

  it('in the middle of both', async () => {
    const place = await setUp(begin)
    const state = await client(place.gateway, post)
    await settled(() => state.got.includes('begun'))
    leave(state.socket)
    await gone(place, 200)
  })

  it('while a plugin reads its body', async () => {
    let reading = false
    const place = await setUp(() => {}, {
      request: async ({ upstream }) => {
        reading = true
        await upstream.body.read(1000)
      },
    })
    const { socket } = await client(place.gateway, post)
    await settled(() => reading)
    leave(socket)
    await gone(place, 0)
  })

  it('while a further attempt is waited for', async () => {
    const place = await setUp(socket => socket.destroy(), {}, { retries: 3, retry_initial_delay: 20_000 })
    const { socket } = await client(place.gateway, get)
    await settled(() => place.backend.requests.length === 1 && place.backend.sockets.size === 0)
    leave(socket)
    await gone(place, 0)
    assert.equal(place.backend.requests.length, 1)
  })

  it('while a plugin thinks', async () => {
    let think = (): void => {}
    let thought = false
    const place = await setUp(() => {}, {
      access: () =>
        new Promise<undefined>(resolve => {
          think = () => resolve(undefined)
        }).then(() => {
          thought = true
        }),
    })
    const { socket } = await client(place.gateway, get)
    await settled(() => place.gateway.inFlight === 1)
    leave(socket)
    await gone(place, 0)
    think()
    await settled(() => thought)
    assert.deepEqual([place.backend.requests.length, place.gateway.finished.length], [0, 1])
  })
})

describe('a client of HTTP/2', () => {
  it('that resets its stream in the middle of an answer lets the backend go', async () => {
    const place = await setUp(begin)
    const session = http2.connect(`http://127.0.0.1:${place.gateway.port}`)
    const stream = session.request({ ':authority': 'api.test', ':path': '/' })
    stream.on('error', () => {})
    await once(stream, 'data')
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await gone(place, 200)
    session.destroy()
  })

  it('that resets its stream in the middle of its own body does, too', async () => {
    const place = await setUp(() => {})
    const session = http2.connect(`http://127.0.0.1:${place.gateway.port}`)
    const stream = session.request({ ':method': 'POST', ':authority': 'api.test', ':path': '/' })
    stream.on('error', () => {})
    stream.write('begun')
    await settled(() => place.backend.requests.length === 1)
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await gone(place, 0)
    session.destroy()
  })
})

describe('a client without a route', () => {
  it('that leaves while a validator thinks is recorded, too', async () => {
    let think = (): void => {}
    const validator = testPlugin('v', {
      incoming: () => new Promise<undefined>(resolve => (think = () => resolve(undefined))),
    })
    const gateway = await openTestGateway({ plugins: [validator] })
    open.push(gateway)
    const slots = [{ plugin: 'v' }]
    await gateway.write(['GlobalConfig', { plugins: { config: { incoming_request_validators: slots } } }])
    const { socket } = await client(gateway, get)
    await settled(() => gateway.inFlight === 1)
    socket.resetAndDestroy()
    await settled(() => gateway.inFlight === 0)
    think()
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(
      gateway.refused.map(({ reason }) => reason),
      ['request.client_gone'],
    )
  })
})

describe('an answer that is cut', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun'
  const ways: [string, (socket: Socket) => void, PluginInstance, string][] = [
    ['by the end of the backend', socket => socket.end(head), {}, 'backend.bad_response'],
    [
      'by nonsense of the backend',
      socket => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nzz\r\n'),
      {},
      'backend.bad_response',
    ],
    [
      'by a plugin',
      socket => void socket.write(head),
      {
        response: ({ response }) =>
          response.body.transform({
            push: () => {
              throw new Error('no')
            },
            end: () => null,
          }),
      },
      'plugin.failed',
    ],
  ]
  for (const [how, answer, instance, reason] of ways)
    it(`${how} carries the reason`, async () => {
      const { gateway } = await setUp(answer, instance)
      await assert.rejects(gateway.call('http://api.test/'))
      await settled(() => gateway.finished.length === 1)
      const [run] = gateway.finished
      assert.deepEqual([run?.cut, run?.clientGone, run?.refusal?.reason], [true, false, reason])
      assert.equal(gateway.inFlight, 0)
    })
})

describe('a plugin that reads a body', () => {
  const reading: PluginInstance = {
    request: async ({ upstream }) => void (await upstream.body.read(1000)),
    response: async ({ response }) => void (await response.body.read(1000)),
  }

  it('is not blamed for one of the client that breaks', async () => {
    const { gateway } = await setUp(() => {}, reading)
    const state = await client(
      gateway,
      'POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n',
    )
    await settled(() => state.got.includes('\r\n\r\n'))
    assert.match(state.got, /^HTTP\/1\.1 400 .*Otoroshi-Error-Reason: request\.bad_body\r\n/s)
  })

  it('is not blamed for one of the backend that breaks', async () => {
    const { gateway } = await setUp(
      socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
      reading,
    )
    const got = await gateway.call('http://api.test/')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [502, 'backend.bad_response'])
  })
})
