import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { SocketPeer } from '../../plugin/index.ts'
import { setUp } from '../../plugin/testing.ts'
import { converse } from './testing/messages.ts'
import plugin from './yes-websocket-backend.ts'

it('says yes until the client has gone', async () => {
  const { exchange } = await converse(plugin)
  const peer = setUp(plugin, {}).socket!(exchange) as SocketPeer
  const said: unknown[] = []
  const client = { send: async (data: unknown) => void said.push(data), close: () => {} }
  await peer.open!(client)
  await new Promise(resolve => setTimeout(resolve, 450))
  peer.closed!(1000, '')
  const count = said.length
  assert.ok(count >= 2, String(count))
  assert.deepEqual([...new Set(said)], ['y'])
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.equal(said.length, count)
})

it('refuses when asked to', async () => {
  const { exchange } = await converse(plugin, {}, { url: '/?fail=yes' })
  const refused = setUp(plugin, {}).socket!(exchange) as { status: number; body: string }
  assert.deepEqual([refused.status, refused.body], [500, '{"error":"fail !"}'])
})
