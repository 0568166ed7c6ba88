import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin, type RequestInput } from '../../plugin/testing.ts'
import plugin from './ng-default-request-body.ts'

const sent = async (config: object, request: RequestInput = {}) =>
  (await runPlugin(plugin, { config, request })).backend!

it('a request without a body gets one', async () => {
  const text = await sent({
    bodyStr: '{"é":1}',
    contentType: 'application/json',
    contentEncoding: 'identity',
  })
  assert.deepEqual([text.body.toString(), text.length], ['{"é":1}', 8])
  assert.deepEqual(
    [text.headers.get('content-type'), text.headers.get('content-encoding')],
    ['application/json', 'identity'],
  )
  const bytes = await sent({ bodyBinary: 'AP8=' }, { headers: { 'Content-Encoding': 'gzip' } })
  assert.deepEqual([...bytes.body], [0, 255])
  assert.deepEqual(
    [bytes.headers.get('content-type'), bytes.headers.get('content-encoding')],
    ['text/plain', undefined],
  )
  assert.equal((await sent({})).body.length, 0)
})

it('a body that is there stays, whatever its type', async () => {
  assert.equal((await sent({ bodyStr: 'x' }, { method: 'POST', body: 'mine' })).body.toString(), 'mine')
  assert.equal(
    (await sent({ bodyStr: 'x' }, { method: 'POST', body: 'mine', chunked: true })).body.toString(),
    'mine',
  )
})

it('what is no Base64 or no field is refused', async () => {
  await assert.rejects(sent({ bodyBinary: '<>' }), /Base64/)
  await assert.rejects(sent({ contentType: 'a\r\nb' }), /Content-Type/)
})
