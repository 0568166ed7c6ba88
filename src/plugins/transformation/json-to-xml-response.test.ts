import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './json-to-xml-response.ts'

it('JSON goes to clients as XML', async () => {
  const headers = { 'Content-Type': 'application/json', ETag: '"x"' }
  const got = await runPlugin(plugin, { backend: { status: 201, headers, body: '{"a":1,"b":null}' } })
  assert.deepEqual([got.status, got.text], [201, '<root><a>1</a><b>null</b></root>'])
  assert.deepEqual(
    [got.headers.get('content-type'), got.headers.get('etag')],
    ['text/xml; charset=utf-8', 'W/"x"'],
  )
  const bad = await runPlugin(plugin, { backend: { headers, body: '{' } })
  assert.deepEqual(
    [bad.status, bad.headers.get('otoroshi-error-reason')],
    [502, 'transform.bad_response_body'],
  )
  const other = await runPlugin(plugin, { backend: { headers: { 'Content-Type': 'text/html' }, body: '{' } })
  assert.equal(other.text, '{')
  const head = await runPlugin(plugin, { request: { method: 'HEAD' }, backend: { headers, body: '{}' } })
  assert.deepEqual([head.headers.get('content-type'), head.length], ['text/xml; charset=utf-8', -1])
})
