import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import WebSocket, { WebSocketServer } from 'ws'
import type { PluginDefinition, SocketVerdict } from '../plugin/contract.ts'
import { definePlugin } from '../plugin/contract.ts'
import { schema } from '../schema/index.ts'
import { openRawBackend } from './testing/test-backend.ts'
import { openTestGateway, type TestGatewayOptions, testRoute } from './testing/test-gateway.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(
  options: TestGatewayOptions = {},
  plugins: string[] = [],
  perMessageDeflate = false,
  client: Record<string, unknown> = {},
) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate })
  await new Promise(resolve => server.once('listening', resolve))
  server.on('connection', socket => {
    socket.on('message', (data, binary) => socket.send(binary ? data : `echo ${data}`, { binary }))
  })
  const gateway = await openTestGateway(options)
  open.push(gateway, {
    close: async () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  })
  const { port } = server.address() as net.AddressInfo
  await gateway.write([
    'Route',
    testRoute('ws', 'ws.test', port, {
      plugins: plugins.map(plugin => ({ plugin })),
      backend: { targets: [{ hostname: '127.0.0.1', port }], client },
    }),
  ])
  const connect = (): Promise<WebSocket> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/chat`, { headers: { Host: 'ws.test' } })
      socket.once('open', () => resolve(socket))
      socket.once('error', reject)
    })
  return { gateway, server, connect }
}

function next(socket: WebSocket): Promise<string> {
  return new Promise(resolve => socket.once('message', data => resolve(data.toString())))
}

function closed(socket: WebSocket): Promise<[number, string]> {
  return new Promise(resolve => socket.once('close', (code, reason) => resolve([code, reason.toString()])))
}

function reading(verdict: (text: string, from: string) => SocketVerdict): PluginDefinition<never> {
  return definePlugin({
    id: 'reader',
    name: 'reader',
    description: '',
    family: 'test',
    steps: ['HandlesWebsocket'],
    config: schema.looseObject({}),
    setup: () => ({
      message: async (_exchange, message) => verdict(message.data.toString(), message.direction),
    }),
  }) as PluginDefinition<never>
}

for (const [how, options, plugins] of [
  ['tunnelled', {}, []],
  ['read by a plugin', { plugins: [reading(() => ({ action: 'pass' }))] }, ['reader']],
] as [string, TestGatewayOptions, string[]][]) {
  describe(`a WebSocket ${how}`, () => {
    it('carries messages both ways and closes both sides', async () => {
      const { gateway, connect, server } = await setUp(options, plugins)
      const socket = await connect()
      socket.send('one')
      assert.equal(await next(socket), 'echo one')
      socket.send(Buffer.alloc(200_000, 'x'))
      assert.equal((await next(socket)).length, 200_000)
      const end = closed(socket)
      socket.close(1000, 'bye')
      assert.deepEqual(await end, [1000, 'bye'])
      await settled(() => server.clients.size === 0 && gateway.finished.length === 1)
      assert.ok(gateway.finished[0]!.bytesIn > 200_000 && gateway.finished[0]!.bytesOut > 200_000)
      assert.equal(gateway.inFlight, 0)
    })

    it('closed by the backend is closed at the client', async () => {
      const { connect, server } = await setUp(options, plugins)
      const socket = await connect()
      const end = closed(socket)
      for (const peer of server.clients) peer.close(4001, 'enough')
      assert.deepEqual(await end, [4001, 'enough'])
    })

    it('whose client is gone is closed at the backend', async () => {
      const { connect, server } = await setUp(options, plugins)
      const socket = await connect()
      socket.terminate()
      await settled(() => server.clients.size === 0)
    })
  })
}

describe('a plugin that reads messages', () => {
  it('changes, drops and closes', async () => {
    const { connect } = await setUp(
      {
        plugins: [
          reading((text, from) => {
            if (text === 'drop') return { action: 'drop' }
            if (text === 'stop') return { action: 'close', code: 4003, reason: 'not here' }
            return from === 'client' ? { action: 'pass', data: Buffer.from(`${text}!`) } : { action: 'pass' }
          }),
        ],
      },
      ['reader'],
    )
    const socket = await connect()
    socket.send('drop')
    socket.send('hey')
    assert.equal(await next(socket), 'echo hey!')
    const end = closed(socket)
    socket.send('stop')
    assert.deepEqual(await end, [4003, 'not here'])
  })

  it('sees whole messages, however they are cut, with pings in between', async () => {
    const seen: string[] = []
    const note = (text: string, from: string): SocketVerdict => {
      seen.push(`${from} ${text}`)
      return { action: 'pass' }
    }
    const { connect } = await setUp({ plugins: [reading(note)] }, ['reader'])
    const socket = await connect()
    const pong = new Promise(resolve => socket.once('pong', data => resolve(data.toString())))
    socket.send('one ', { fin: false })
    socket.ping('between')
    socket.send('mes', { fin: false })
    socket.send('sage', { fin: true })
    assert.equal(await next(socket), 'echo one message')
    assert.equal(await pong, 'between')
    assert.deepEqual(seen, ['client one message', 'backend echo one message'])
    socket.terminate()
  })

  it('keeps the order of messages although some take longer', async () => {
    const slow = definePlugin({
      id: 'reader',
      name: 'reader',
      description: '',
      family: 'test',
      steps: ['HandlesWebsocket'],
      config: schema.looseObject({}),
      setup: () => ({
        message: async (_exchange, message): Promise<SocketVerdict> => {
          if (message.data.length % 3 === 0) await new Promise(resolve => setTimeout(resolve, 5))
          return { action: 'pass' }
        },
      }),
    }) as PluginDefinition<never>
    const { connect } = await setUp({ plugins: [slow] }, ['reader'])
    const socket = await connect()
    const got: string[] = []
    socket.on('message', data => got.push(data.toString()))
    const sent = Array.from({ length: 60 }, (_, i) => 'x'.repeat(i + 1))
    for (const text of sent) socket.send(text)
    await settled(() => got.length === sent.length)
    assert.deepEqual(
      got,
      sent.map(text => `echo ${text}`),
    )
    socket.terminate()
  })

  it('reads what is never compressed: compression is agreed upon only without one', async () => {
    for (const [plugins, agreed] of [
      [[], 'permessage-deflate'],
      [['reader'], ''],
    ] as const) {
      const { connect } = await setUp(
        { plugins: [reading(text => ({ action: 'pass', data: Buffer.from(text) }))] },
        [...plugins],
        true,
      )
      const socket = await connect()
      assert.equal(socket.extensions, agreed)
      const text = 'again and '.repeat(10_000)
      socket.send(text)
      assert.equal(await next(socket), `echo ${text}`)
      socket.terminate()
    }
  })

  it('reads those of HTTP/2 clients too', async () => {
    const seen: string[] = []
    const note = (text: string): SocketVerdict => {
      seen.push(text)
      return { action: 'pass', data: Buffer.from(`${text}!`) }
    }
    const { gateway } = await setUp({ plugins: [reading(note)] }, ['reader'])
    const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
    await new Promise(resolve => session.once('remoteSettings', resolve))
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'http',
        ':authority': 'ws.test',
        ':path': '/chat',
        'sec-websocket-version': '13',
      },
      { endStream: false },
    )
    const got: Buffer[] = []
    stream.on('data', (chunk: Buffer) => got.push(chunk))
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 200)
    stream.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]))
    const answered = Buffer.concat([Buffer.from([0x81, 9]), Buffer.from('echo hi!!')])
    await settled(() => Buffer.concat(got).equals(answered))
    assert.deepEqual(seen, ['hi', 'echo hi!'])
    session.destroy()
  })

  it('closes with 1007 for text that is none, and with 1002 for broken frames', async () => {
    for (const [frame, code] of [
      [Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), 1007],
      [Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), 1002],
    ] as const) {
      const { connect, server } = await setUp({ plugins: [reading(() => ({ action: 'pass' }))] }, ['reader'])
      const socket = await connect()
      const end = closed(socket)
      // Behind the back of the library, which would not send this.
      const raw = (socket as unknown as { _socket: net.Socket })._socket
      raw.write(frame)
      assert.equal((await end)[0], code)
      await settled(() => server.clients.size === 0)
    }
  })
})

for (const [how, options, plugins] of [
  ['tunnelled', {}, []],
  ['read by a plugin', { plugins: [reading(() => ({ action: 'pass' }))] }, ['reader']],
] as [string, TestGatewayOptions, string[]][])
  it(`a WebSocket ${how} ends when nothing moves for the idle time-out of the backend, either way`, async () => {
    const { gateway, connect, server } = await setUp(options, plugins, false, { idle_timeout: 1500 })
    const silent = await connect()
    const speaking = await connect()
    let pongs = 0
    speaking.on('pong', () => pongs++)
    const ping = setInterval(() => speaking.ping(), 20)
    const [code] = await closed(silent)
    assert.equal(code, 1006)
    await settled(() => gateway.finished.length === 1 && server.clients.size === 1)
    const [run] = gateway.finished
    assert.deepEqual([run?.cut, run?.refusal?.reason], [true, 'backend.idle_timeout'])
    clearInterval(ping)
    assert.ok(pongs > 0)
    assert.equal(speaking.readyState, WebSocket.OPEN)
    speaking.terminate()
    await settled(() => gateway.inFlight === 0)
  })

describe('another protocol', () => {
  it('is tunnelled after its 101', async () => {
    const backend = await openRawBackend((socket, head) => {
      if (/upgrade: echo/i.test(head))
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ')
      else socket.write(`got ${head}`)
    })
    const gateway = await openTestGateway()
    open.push(gateway, backend)
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port)])
    const socket = net.connect(gateway.port, '127.0.0.1')
    let got = ''
    socket.on('data', chunk => (got += chunk))
    socket.write('GET / HTTP/1.1\r\nHost: api.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n')
    await settled(() => got.endsWith('hello '))
    assert.match(got, /^HTTP\/1\.1 101 /)
    socket.write('more\r\n\r\n')
    await settled(() => got.endsWith('got more\r\n\r\n'))
    socket.end()
    await settled(() => gateway.inFlight === 0)
  })

  it('that the backend does not speak gets its ordinary answer', async () => {
    const backend = await openRawBackend(
      socket => void socket.write('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n'),
    )
    const gateway = await openTestGateway()
    open.push(gateway, backend)
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port)])
    const got = await gateway.call('http://api.test/', {
      headers: { Connection: 'upgrade', Upgrade: 'echo' },
    })
    assert.equal(got.status, 426)
  })
})

async function settled(condition: () => boolean): Promise<void> {
  const until = Date.now() + 3000
  while (!condition()) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
