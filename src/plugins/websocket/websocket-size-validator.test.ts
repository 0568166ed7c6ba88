import assert from 'node:assert/strict'
import { it } from 'node:test'
import { converse } from './testing/messages.ts'
import plugin from './websocket-size-validator.ts'

it('limits characters of texts and bytes of others, each way', async () => {
  const { say } = await converse(plugin, {
    client_max_payload: 4,
    upstream_max_payload: 2,
    reject_strategy: 'close',
  })
  assert.equal(await say('1234'), '1234')
  // Eight bytes, four characters.
  assert.equal(await say('éééé'), 'éééé')
  assert.equal(await say(Buffer.from('éééé')), 'close 1009 limit exceeded')
  assert.equal(await say('12345'), 'close 1009 limit exceeded')
  assert.equal(await say('x'.repeat(1000)), 'close 1009 limit exceeded')
  assert.equal(await say('12', 'backend'), '12')
  assert.equal(await say('123', 'backend'), 'close 1009 upstream payload limit exceeded')
})

it('has a limit of 4096 unless told otherwise', async () => {
  const { say } = await converse(plugin)
  assert.equal((await say('x'.repeat(4096))).length, 4096)
  assert.equal(await say('x'.repeat(4097)), 'drop')
})
