import assert from 'node:assert/strict'
import { it } from 'node:test'
import { converse } from './testing/messages.ts'
import plugin from './websocket-json-format-validator.ts'

it('lets messages through that fit the schema', async () => {
  const { say } = await converse(plugin, { reject_strategy: 'close' })
  assert.equal(await say('{"name":1}'), '{"name":1}')
  for (const bad of ['{}', 'text', '[', '{"name":1,"name":2}', '['.repeat(100_000)])
    assert.equal(await say(bad), 'close 1008 failed to validate message', bad.slice(0, 20))
  assert.equal(await say('{}', 'backend'), '{}')
})

it('asserts formats, takes any JSON without a schema, and refuses a schema that is none', async () => {
  const formats = await converse(plugin, { schema: '{"type":"string","format":"email"}' })
  assert.deepEqual([await formats.say('"a@b.test"'), await formats.say('"a"')], ['"a@b.test"', 'drop'])
  const any = await converse(plugin, { schema: ' ' })
  assert.deepEqual([await any.say('1'), await any.say('x')], ['1', 'drop'])
  await assert.rejects(converse(plugin, { schema: '{"type":"thing"}' }), /schema/)
})
