import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { WebSocketServer } from 'ws'
import { converse } from './testing/messages.ts'
import plugin from './websocket-mirror-backend.ts'

it('copies the messages of the client and closes with it', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const seen: [string, boolean][] = []
  const asked: string[] = []
  const over = new Promise<void>(resolve =>
    server.on('connection', (socket, request) => {
      asked.push(request.url!)
      socket.send('ignored')
      socket.on('message', (data, binary) => seen.push([String(data), binary]))
      socket.on('close', () => resolve())
    }),
  )
  const { say, end } = await converse(plugin, { url: `ws://127.0.0.1:${port}/copy?from=\${route.id}` })
  assert.equal(await say('one'), 'one')
  assert.equal(await say(Buffer.from('two')), 'two')
  assert.equal(await say('of the backend', 'backend'), 'of the backend')
  while (seen.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
  await end()
  await over
  server.close()
  assert.deepEqual(seen, [
    ['one', false],
    ['two', true],
  ])
  assert.equal(asked.length, 1)
})

it('hurts nobody when there is no mirror, and lets no client choose one', async () => {
  const { say, end } = await converse(plugin, { url: 'ws://127.0.0.1:1/' })
  assert.equal(await say('one'), 'one')
  await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal(await say('two'), 'two')
  await end()
  assert.equal(await (await converse(plugin)).say('x'), 'x')
  for (const url of ['ws://${req.query.host}/', 'wss://host${req.path}', 'ftp://x', 'nowhere'])
    await assert.rejects(converse(plugin, { url }), /url/, url)
})
