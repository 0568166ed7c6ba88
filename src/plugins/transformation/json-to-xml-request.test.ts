import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './json-to-xml-request.ts'

const run = (body: string, config = {}, type = 'application/json') =>
  runPlugin(plugin, { config, request: { method: 'POST', headers: { 'Content-Type': type }, body } })

it('JSON goes to the backend as XML', async () => {
  const { backend } = await run('{"order":{"@id":7,"item":["a","b"],"note":"é<"}}')
  assert.equal(backend?.body.toString(), '<order id="7"><item>ab</item><note>é&lt;</note></order>')
  assert.equal(backend?.headers.get('content-type'), 'text/xml; charset=utf-8')
  assert.equal(backend?.length, backend?.body.length)
})

it('a filter comes first', async () => {
  assert.equal((await run('{"a":{"b":1}}', { filter: '.a' })).backend?.body.toString(), '<b>1</b>')
  const failed = await run('{"a":1}', { filter: 'error("no")' })
  assert.deepEqual([failed.status, failed.text], [500, '["no"]'])
  await assert.rejects(run('{}', { filter: '(' }), /filter: the jq filter/)
})

it('other types are left alone, and what is no JSON is refused', async () => {
  assert.equal((await run('{', {}, 'text/plain')).backend?.body.toString(), '{')
  const bad = await run('{')
  assert.deepEqual(
    [bad.status, bad.headers.get('otoroshi-error-reason')],
    [400, 'transform.bad_request_body'],
  )
})
