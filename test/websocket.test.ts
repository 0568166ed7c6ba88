/** Plugins on the messages of WebSockets, driven through a running gateway. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import WebSocket, { WebSocketServer } from 'ws'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'
import { until } from './support/wait.ts'

let gateway: TestGateway
let backend: WebSocketServer
let mirror: WebSocketServer
const mirrored: string[] = []

async function serve(
  answer: (socket: WebSocket, data: string, binary: boolean) => void,
): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  server.on('connection', socket =>
    socket.on('message', (data, binary) => answer(socket, data.toString(), binary)),
  )
  return server
}
const portOf = (server: WebSocketServer): number => (server.address() as AddressInfo).port

before(async () => {
  gateway = await startGateway({ threads: 1 })
  backend = await serve((socket, data, binary) => socket.send(binary ? Buffer.from(data) : data))
  mirror = await serve((socket, data) => {
    mirrored.push(data)
    socket.send('never seen')
  })
  const routes: [string, string, object][] = [
    ['type', 'WebsocketTypeValidator', { allowed_format: 'json' }],
    ['type-close', 'WebsocketTypeValidator', { allowed_format: 'binary', reject_strategy: 'close' }],
    ['size', 'WebsocketSizeValidator', { client_max_payload: 5, reject_strategy: 'close' }],
    ['schema', 'WebsocketJsonFormatValidator', {}],
    ['content', 'WebsocketContentValidatorIn', {}],
    ['jq', 'JqWebsocketMessageTransformer', { request_filter: '{a: .b}', response_filter: '{c: .a}' }],
    ['mirror', 'WebsocketMirrorBackend', { url: `ws://127.0.0.1:${portOf(mirror)}/` }],
    ['nomirror', 'WebsocketMirrorBackend', { url: 'ws://127.0.0.1:1/' }],
    ['yes', 'api.YesWebsocketBackend', {}],
  ]
  for (const [id, name, config] of routes)
    await gateway.route(pluginRoute(id, { port: portOf(backend) }, [[name, config]]))
})
after(async () => {
  await gateway.stop()
  for (const server of [backend, mirror]) {
    for (const client of server.clients) client.terminate()
    server.close()
  }
})

interface Talk {
  readonly socket: WebSocket
  /** What came so far. */
  readonly got: string[]
  /** Code and reason of the end. */
  readonly over: Promise<string>
}

async function talk(id: string, path = '/'): Promise<Talk> {
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, { headers: { Host: `${id}.test` } })
  const got: string[] = []
  socket.on('message', data => got.push(data.toString()))
  const over = new Promise<string>(resolve =>
    socket.on('close', (code, reason) => resolve(`${code} ${reason}`)),
  )
  await once(socket, 'open')
  return { socket, got, over }
}

/** What comes back of these messages; the last one always does. */
async function said(id: string, messages: readonly (string | Buffer)[], last: string): Promise<string[]> {
  const { socket, got } = await talk(id)
  for (const message of messages) socket.send(message)
  await until(`${last} comes back`, () => got.map(text => text.trim()).includes(last))
  socket.close()
  return got.map(text => text.trim())
}

describe('messages that are refused', () => {
  it('are left out, and the others go on', async () => {
    assert.deepEqual(await said('type', ['text', '{"a":1}'], '{"a":1}'), ['{"a":1}'])
    assert.deepEqual(await said('schema', ['{}', 'x', '{"name":1}'], '{"name":1}'), ['{"name":1}'])
    assert.deepEqual(await said('content', ['bar', 'foo'], 'foo'), ['foo'])
  })

  it('end the connection when told so', async () => {
    const type = await talk('type-close')
    type.socket.send('text')
    assert.equal(await type.over, '1003 expected binary content')
    const size = await talk('size')
    size.socket.send('12345')
    await until('the message comes back', () => size.got.length === 1)
    size.socket.send('123456')
    assert.equal(await size.over, '1009 limit exceeded')
    assert.deepEqual(size.got, ['12345'])
  })
})

it('messages are transformed with jq, both ways', async () => {
  assert.deepEqual(await said('jq', ['text', '{"b":[1]}'], '{"c":[1]}'), ['{"c":[1]}'])
})

it('messages are copied to a mirror, whose answers nobody sees', async () => {
  assert.deepEqual(await said('mirror', ['one', 'two'], 'two'), ['one', 'two'])
  await until('the copies are there', () => mirrored.length === 2)
  assert.deepEqual(mirrored, ['one', 'two'])
  assert.deepEqual(await said('nomirror', ['one'], 'one'), ['one'])
})

it('a backend says yes', async () => {
  const { socket, got } = await talk('yes')
  await until('it said so twice', () => got.length >= 2)
  assert.equal(got[0], 'y')
  socket.close()
  await assert.rejects(talk('yes', '/?fail=yes'), /500/)
})

it('settings that are none close the route and name the place', async () => {
  const target = { port: portOf(backend) }
  await closes(gateway, target, 'WebsocketTypeValidator', { allowed_format: 'xml' }, /allowed_format/)
  await closes(gateway, target, 'WebsocketSizeValidator', { client_max_payload: -1 }, /client_max_payload/)
  await closes(gateway, target, 'WebsocketJsonFormatValidator', { schema: '{' }, /schema/)
  await closes(gateway, target, 'WebsocketContentValidatorIn', { validator: { path: '$.message' } }, /value/)
  await closes(gateway, target, 'JqWebsocketMessageTransformer', { request_filter: '{' }, /request_filter/)
  await closes(gateway, target, 'WebsocketMirrorBackend', { url: 'ws://${req.query.h}/' }, /url/)
})
