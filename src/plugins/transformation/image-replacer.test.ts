import assert from 'node:assert/strict'
import { it } from 'node:test'
import { HeaderBlock } from '../../http/headers.ts'
import { outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import plugin from './image-replacer.ts'

const picture = (type = 'image/webp', status = 200) =>
  outgoingCalls(() => ({ status, headers: HeaderBlock.from([['Content-Type', type]]), body: 'picture' }))
const backend = {
  headers: { 'Content-Type': 'image/png', 'Content-Encoding': 'gzip', ETag: '"x"' },
  body: 'theirs',
}

it('replaces pictures and nothing else', async () => {
  const calls = picture()
  const got = await runPlugin(plugin, { config: { url: 'http://p.test/x' }, services: { calls }, backend })
  assert.deepEqual([got.text, got.length, got.headers.get('content-type')], ['picture', 7, 'image/webp'])
  assert.deepEqual([got.headers.get('content-encoding'), got.headers.get('etag')], [undefined, undefined])
  assert.equal(calls.asked[0]?.url, 'http://p.test/x')
  const text = await runPlugin(plugin, {
    services: { calls },
    backend: { headers: { 'Content-Type': 'text/plain' }, body: 'x' },
  })
  assert.equal(text.text, 'x')
  const part = await runPlugin(plugin, { services: { calls }, backend: { ...backend, status: 206 } })
  assert.deepEqual([part.status, part.text], [200, 'picture'])
})

it('without a picture no picture goes out', async () => {
  for (const calls of [picture('text/html'), picture('image/png', 404), undefined]) {
    const got = await runPlugin(plugin, { services: calls === undefined ? {} : { calls }, backend })
    assert.deepEqual([got.status, got.refusal?.reason], [502, 'image.unavailable'])
  }
  await assert.rejects(runPlugin(plugin, { config: { url: 'file:///etc/passwd' } }), /url/)
})
