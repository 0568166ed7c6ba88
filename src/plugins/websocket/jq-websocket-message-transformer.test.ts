import assert from 'node:assert/strict'
import { it } from 'node:test'
import plugin from './jq-websocket-message-transformer.ts'
import { converse } from './testing/messages.ts'

it('transforms messages, each way by its own filter', async () => {
  const { say } = await converse(plugin, {
    request_filter: '{a: .b, r: $context.route.id}',
    response_filter: '.x',
  })
  assert.deepEqual(JSON.parse(await say('{"b":1}')), { a: 1, r: 'r' })
  assert.equal((await say('{"x":[1]}', 'backend')).trim(), '[1]')
})

it('leaves out what is no JSON text, and tells of errors', async () => {
  const { say, events } = await converse(plugin, { request_filter: '.a.b', response_filter: '.a.b' })
  assert.equal(await say('text'), 'drop')
  assert.equal(await say(Buffer.from('{}')), 'drop')
  assert.deepEqual(
    events.map(event => event['reason']),
    ['message payload is not json', 'message payload is not text'],
  )
  const [told] = JSON.parse(await say('{"a":1}')) as string[]
  assert.match(told!, /Cannot index number/)
  assert.deepEqual(JSON.parse(await say('{"a":1}', 'backend')), ['failed'])
})

it('refuses a filter that is none', async () => {
  await assert.rejects(converse(plugin, { request_filter: '{' }), /request_filter/)
})
