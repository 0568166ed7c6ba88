import assert from 'node:assert/strict'
import { it } from 'node:test'
import { converse } from './testing/messages.ts'
import plugin from './websocket-content-validator-in.ts'

it('looks at the text of a message', async () => {
  const plain = await converse(plugin)
  assert.deepEqual(
    [await plain.say('foo'), await plain.say('bar'), await plain.say('bar', 'backend')],
    ['foo', 'drop', 'bar'],
  )
  const pattern = await converse(plugin, {
    validator: { path: '$.message', value: 'Regex([a-c]+)' },
    reject_strategy: 'close',
  })
  assert.deepEqual(
    [await pattern.say('abc'), await pattern.say('abcd')],
    ['abc', 'close 1008 failed to validate message'],
  )
})

it('looks at the request too, and lets everything through without a validator', async () => {
  const validator = { path: '$.request.headers.x-team', value: 'blue' }
  const blue = await converse(plugin, { validator }, { headers: { 'X-Team': 'blue' } })
  assert.equal(await blue.say('x'), 'x')
  const red = await converse(plugin, { validator }, { headers: { 'X-Team': 'red' } })
  assert.equal(await red.say('x'), 'drop')
  assert.equal(await (await converse(plugin, { validator: null })).say('x'), 'x')
})

it('refuses validators that a client would choose, or that expect nothing', async () => {
  await assert.rejects(converse(plugin, { validator: { path: '$.${req.headers.x}', value: 'a' } }), /client/)
  await assert.rejects(converse(plugin, { validator: { path: '$.message' } }), /value/)
})
