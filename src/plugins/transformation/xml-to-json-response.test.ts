import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './xml-to-json-response.ts'

it('XML goes to clients as JSON', async () => {
  const headers = { 'Content-Type': 'text/xml' }
  const got = await runPlugin(plugin, { backend: { headers, body: '<a b="x">1</a>' } })
  assert.deepEqual(
    [got.text, got.headers.get('content-type')],
    ['{"a":{"b":"x","value":1}}', 'application/json'],
  )
  const filtered = await runPlugin(plugin, {
    config: { filter: '.a' },
    backend: { headers, body: '<a>true</a>' },
  })
  assert.equal(filtered.text, 'true')
  const failed = await runPlugin(plugin, {
    config: { filter: '.a.b.c' },
    backend: { headers, body: '<a>true</a>' },
  })
  assert.deepEqual([failed.status, failed.text], [500, '["failed"]'])
  const bad = await runPlugin(plugin, { backend: { headers, body: 'x' } })
  assert.deepEqual(
    [bad.status, bad.headers.get('otoroshi-error-reason')],
    [502, 'transform.bad_response_body'],
  )
})
