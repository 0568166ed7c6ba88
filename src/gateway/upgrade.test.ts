import assert from 'node:assert/strict'
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

async function setUp(options: TestGatewayOptions = {}, plugins: string[] = []) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
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
    testRoute('ws', 'ws.test', port, { plugins: plugins.map(plugin => ({ plugin })) }),
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
