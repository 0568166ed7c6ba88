/** WebSockets that plugins answer in place of a backend: `socket` and `tunnel`. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import WebSocket from 'ws'
import { answer, refuse } from '../plugin/answer.ts'
import type { PluginDefinition, PluginInstance, SocketClient, SocketPeer } from '../plugin/contract.ts'
import { openRawBackend } from './testing/test-backend.ts'
import { openTestGateway, testRoute } from './testing/test-gateway.ts'
import { testPlugin } from './testing/test-plugin.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(plugins: readonly PluginDefinition<never>[], slots: readonly unknown[], more = {}) {
  const backend = await openRawBackend(
    socket => void socket.write('HTTP/1.1 418 Backend\r\nContent-Length: 0\r\n\r\n'),
  )
  const gateway = await openTestGateway({ plugins })
  open.push(gateway, backend)
  await gateway.write(['Route', testRoute('ws', 'ws.test', backend.port, { plugins: slots, ...more })])
  const connect = (path = '/', protocols: string[] = []): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, protocols, {
        headers: { Host: 'ws.test' },
      })
      const messages: string[] = []
      arrived.set(socket, messages)
      socket.on('message', data => messages.push(data.toString()))
      socket.once('open', () => resolve(socket))
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`${response.statusCode} ${response.headers['otoroshi-error-reason'] ?? ''}`.trim())),
      )
      socket.once('error', reject)
    })
  return { gateway, backend, connect }
}

/** Messages that came and were not asked for yet; the first may come with the handshake. */
const arrived = new WeakMap<WebSocket, string[]>()

async function next(socket: WebSocket): Promise<string> {
  const messages = arrived.get(socket)!
  await settled(() => messages.length > 0)
  return messages.shift()!
}

const closed = (socket: WebSocket): Promise<[number, string]> =>
  new Promise(resolve => socket.once('close', (code, reason) => resolve([code, reason.toString()])))

async function settled(condition: () => boolean): Promise<void> {
  const until = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

const slots = (...ids: string[]) => ids.map(plugin => ({ plugin }))
const echo = (peer: Partial<SocketPeer> = {}): PluginDefinition<never> =>
  testPlugin('echo', {
    socket: () => ({
      open: client => client.send('welcome'),
      message: (client, data, binary) => client.send(binary ? data : `echo ${data}`),
      ...peer,
    }),
  })

describe('a plugin that answers WebSockets', () => {
  it('gets messages and sends some, and the backend is not called', async () => {
    const { gateway, backend, connect } = await setUp([echo()], slots('echo'))
    const socket = await connect()
    assert.equal(await next(socket), 'welcome')
    socket.send('one')
    assert.equal(await next(socket), 'echo one')
    socket.send(Buffer.alloc(300_000, 'x'))
    assert.equal((await next(socket)).length, 300_000)
    const pong = once(socket, 'pong')
    socket.ping('still there')
    assert.equal(String((await pong)[0]), 'still there')
    const end = closed(socket)
    socket.close(1000, 'bye')
    assert.deepEqual(await end, [1000, 'bye'])
    await settled(() => gateway.finished.length === 1)
    const run = gateway.finished[0]!
    assert.deepEqual([run.status, run.refusal, gateway.inFlight], [101, null, 0])
    assert.ok(run.bytesIn > 300_000 && run.bytesOut > 300_000)
    assert.equal(backend.requests.length, 0)
  })

  it('learns once how it ended, whoever ended it', async () => {
    const ends: [number, string][] = []
    const closing = echo({
      message: (client, data) => {
        if (String(data) === 'stop') client.close(4005, 'as you wish')
        else throw new Error('cannot read this')
      },
      closed: (code, reason) => void ends.push([code, reason]),
    })
    const { gateway, connect } = await setUp([closing], slots('echo'))
    const ways: [(socket: WebSocket) => void, [number, string]][] = [
      [socket => socket.close(4001, 'mine'), [4001, 'mine']],
      [socket => socket.terminate(), [1006, '']],
      [socket => socket.send('stop'), [4005, 'as you wish']],
      [socket => socket.send('nonsense'), [1011, 'internal_server_error']],
    ]
    for (const [end, expected] of ways) {
      ends.length = 0
      const socket = await connect()
      const done = closed(socket)
      end(socket)
      assert.deepEqual(await done, expected)
      await settled(() => ends.length === 1)
      await settled(() => gateway.inFlight === 0)
      assert.equal(ends.length, 1)
    }
  })

  it('ends when nothing moves for the idle time-out of the backend', async () => {
    const ends: number[] = []
    const { gateway, connect } = await setUp(
      [echo({ closed: code => void ends.push(code) })],
      slots('echo'),
      {
        backend: { targets: [], client: { idle_timeout: 200 } },
      },
    )
    const socket = await connect()
    assert.equal((await closed(socket))[0], 1006)
    await settled(() => gateway.finished.length === 1)
    assert.deepEqual([ends, gateway.finished[0]?.refusal?.reason], [[1006], 'backend.idle_timeout'])
  })

  it('agrees on a subprotocol', async () => {
    const { connect } = await setUp([echo({ protocol: 'chat.v2' })], slots('echo'))
    const socket = await connect('/', ['chat.v1', 'chat.v2'])
    assert.equal(socket.protocol, 'chat.v2')
    socket.terminate()
  })

  it('waits for a client that is slow to read', async () => {
    let sent = 0
    const flood = echo({
      open: async client => {
        for (; sent < 400; sent++) await client.send(Buffer.alloc(100_000, 'x'))
        client.close()
      },
    })
    const { connect } = await setUp([flood], slots('echo'))
    const socket = await connect()
    socket.pause()
    let before = -1
    await settled(() => {
      const same = sent === before && sent > 0
      before = sent
      return same
    })
    assert.ok(sent < 400, `${sent}`)
    let got = 0
    socket.on('message', () => got++)
    const end = closed(socket)
    socket.resume()
    await end
    assert.equal(got, 400)
  })

  it('has what passes seen by message plugins, both ways', async () => {
    const seen: string[] = []
    const marking = testPlugin('marking', {
      message: (_exchange, { direction, data }) => {
        seen.push(`${direction} ${data}`)
        if (String(data) === 'secret') return { action: 'drop' }
        return { action: 'pass', data: Buffer.from(`<${data}>`) }
      },
    })
    const { connect } = await setUp([echo(), marking], slots('marking', 'echo'))
    const socket = await connect()
    assert.equal(await next(socket), '<welcome>')
    socket.send('secret')
    socket.send('hi')
    assert.equal(await next(socket), '<echo <hi>>')
    assert.deepEqual(seen, ['backend welcome', 'client secret', 'client hi', 'backend echo <hi>'])
    socket.terminate()
  })

  it('is asked over HTTP/2 too', async () => {
    const { gateway } = await setUp([echo()], slots('echo'))
    const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
    await once(session, 'remoteSettings')
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':authority': 'ws.test',
        ':path': '/',
        'sec-websocket-version': '13',
      },
      { endStream: false },
    )
    const got: Buffer[] = []
    stream.on('data', (chunk: Buffer) => got.push(chunk))
    const [headers] = await once(stream, 'response')
    assert.deepEqual([headers[':status'], headers['sec-websocket-accept']], [200, undefined])
    const welcome = Buffer.concat([Buffer.from([0x81, 7]), Buffer.from('welcome')])
    await settled(() => Buffer.concat(got).equals(welcome))
    session.destroy()
    await settled(() => gateway.inFlight === 0)
  })

  it('may refuse, leave it to the next or to the backend, and is asked where it takes part', async () => {
    const choosing = testPlugin('choosing', {
      socket: async ({ request }) => {
        if (request.path === '/no') return refuse('ip_not_allowed')
        if (request.path === '/answer') return answer(402)
        return undefined
      },
    })
    const { connect } = await setUp(
      [choosing, echo()],
      [{ plugin: 'choosing' }, { plugin: 'echo', include: ['/echo'] }],
    )
    await assert.rejects(connect('/no'), { message: '403 ip_not_allowed' })
    await assert.rejects(connect('/answer'), { message: '402' })
    await assert.rejects(connect('/backend'), { message: '418' })
    const socket = await connect('/echo')
    assert.equal(await next(socket), 'welcome')
    socket.terminate()
  })

  it('leaves it to plugins that answer in place of the backend: an upgrade is no way round them', async () => {
    const standing = testPlugin('standing', { backend: () => answer(402) })
    const { backend, connect } = await setUp([standing], slots('standing'))
    await assert.rejects(connect(), { message: '402' })
    assert.equal(backend.requests.length, 0)
  })

  it('that fails, or answers with nonsense, answers 500', async () => {
    const failing: NonNullable<PluginInstance['socket']>[] = [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => ({}) as never,
      () => 'yes' as never,
      () => ({ message: 'no function' }) as never,
    ]
    for (const socket of failing) {
      const { gateway, backend, connect } = await setUp([testPlugin('p', { socket })], slots('p'))
      await assert.rejects(connect(), { message: '500 plugin.failed; plugin="p"' })
      assert.deepEqual([backend.requests.length, gateway.inFlight], [0, 0])
    }
  })

  it('needs no target, and leaves other requests to the backend', async () => {
    const { gateway, connect } = await setUp([echo()], slots('echo'), { backend: { targets: [] } })
    const socket = await connect()
    assert.equal(await next(socket), 'welcome')
    socket.terminate()
    assert.equal(
      (await gateway.call('http://ws.test/')).headers['otoroshi-error-reason'],
      'backend.no_target',
    )
  })

  it('is reached by handshakes of version 13 with a key alone', async () => {
    const { gateway } = await setUp([echo()], slots('echo'))
    const ask = (fields: string): Promise<string> =>
      new Promise(resolve => {
        const socket = net.connect(gateway.port, '127.0.0.1')
        let got = ''
        socket.on('data', chunk => {
          got += chunk
          if (got.includes('\r\n\r\n')) resolve(got)
        })
        socket.write(
          `GET / HTTP/1.1\r\nHost: ws.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n${fields}\r\n`,
        )
        open.push({ close: async () => void socket.destroy() })
      })
    const old = await ask('Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')
    assert.match(old, /^HTTP\/1\.1 426 [\s\S]*\r\nSec-WebSocket-Version: 13\r\n/)
    assert.match(await ask('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n'), /^HTTP\/1\.1 400 /)
    // The example of RFC 6455, 1.3.
    const good = await ask('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n')
    assert.match(good, /^HTTP\/1\.1 101 [\s\S]*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/)
  })
})

describe('a tunnel plugin', () => {
  const tunnel = (id: string): PluginDefinition<never> =>
    testPlugin(id, { tunnel: () => ({ open: (client: SocketClient) => client.send(id) }) })

  it('answers on its path, and every other path of the route is 404', async () => {
    const { gateway, connect } = await setUp([tunnel('tunnel'), echo()], slots('echo', 'tunnel'))
    const socket = await connect('/.well-known/otoroshi/tunnel?tunnel_id=x')
    assert.equal(await next(socket), 'tunnel')
    socket.terminate()
    for (const path of ['/', '/.well-known/otoroshi/tunnels'])
      await assert.rejects(connect(path), { message: '404 not_found' })
    assert.equal((await gateway.call('http://ws.test/')).status, 418)
  })

  it('is the first by its index, and the only one', async () => {
    const { connect } = await setUp(
      [tunnel('one'), tunnel('two')],
      [{ plugin: 'one' }, { plugin: 'two', plugin_index: { handles_tunnel: 0 } }],
    )
    const socket = await connect('/.well-known/otoroshi/tunnel')
    assert.equal(await next(socket), 'two')
    socket.terminate()
  })
})
