import assert from 'node:assert/strict'
import { it } from 'node:test'
import { converse } from './testing/messages.ts'
import plugin from './websocket-type-validator.ts'

const bytes = Buffer.from('bytes')

it('lets the kind of messages through that is wanted', async () => {
  const verdicts = async (allowed_format: string) => {
    const { say } = await converse(plugin, { allowed_format, reject_strategy: 'CLOSE' })
    return [await say('{"a":1}'), await say('text'), await say(bytes), await say('text', 'backend')]
  }
  const [json, text, binary] = ['json', 'text', 'binary'].map(kind => `close 1003 expected ${kind} content`)
  assert.deepEqual(await verdicts('all'), ['{"a":1}', 'text', 'bytes', 'text'])
  assert.deepEqual(await verdicts('text'), ['{"a":1}', 'text', text, 'text'])
  assert.deepEqual(await verdicts('binary'), [binary, binary, 'bytes', 'text'])
  assert.deepEqual(await verdicts('json'), ['{"a":1}', json, 'bytes', 'text'])
})

it('leaves messages out unless told to close, and tells of them', async () => {
  const { say, events } = await converse(plugin, { allowed_format: 'binary' })
  assert.equal(await say('text'), 'drop')
  assert.deepEqual(
    [events[0]?.['type'], events[0]?.['statusCode'], events[0]?.['frameSize']],
    ['WebsocketEvent', 1003, 4],
  )
  await assert.rejects(converse(plugin, { reject_strategy: 'ignore' }), /reject_strategy/)
  await assert.rejects(converse(plugin, { allowed_format: 'xml' }), /allowed_format/)
})
