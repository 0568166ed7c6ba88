import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './json-schema-response-validator.ts'

it('answers that do not fit are not passed on', async () => {
  const headers = { 'Content-Type': 'application/json' }
  const run = (body: string, status = 200) =>
    runPlugin(plugin, { request: { headers: { Range: 'bytes=1-' } }, backend: { status, headers, body } })
  const good = await run('{"name":1}')
  assert.deepEqual(
    [good.status, good.text, good.backend?.headers.get('range')],
    [200, '{"name":1}', undefined],
  )
  const bad = await run('{"secret":1}')
  assert.deepEqual([bad.status, bad.headers.get('otoroshi-error-reason')], [502, 'schema.response_invalid'])
  assert.doesNotMatch(bad.text, /secret/)
  assert.equal((await run('"name":1}', 206)).refusal?.reason, 'transform.bad_response_body')
})
