import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './xml-to-json-request.ts'

const run = (body: string | Buffer, config = {}, type = 'text/xml') =>
  runPlugin(plugin, { config, request: { method: 'POST', headers: { 'Content-Type': type }, body } })

it('XML goes to the backend as JSON', async () => {
  const { backend } = await run(
    '\n<order id="7"><item>a</item><item>2</item></order>',
    {},
    'application/xml; charset=utf-8',
  )
  assert.equal(backend?.body.toString(), '{"order":{"id":7,"item":["a",2]}}')
  assert.equal(backend?.headers.get('content-type'), 'application/json')
})

it('in the charset of its header, its mark or its declaration', async () => {
  const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 'latin1')
  assert.equal((await run(latin)).backend?.body.toString(), '{"a":"é"}')
  assert.equal(
    (await run(Buffer.from('<a>é</a>', 'latin1'), {}, 'text/xml; charset=latin1')).backend?.body.toString(),
    '{"a":"é"}',
  )
  const wide = Buffer.from('\ufeff<a>é</a>', 'utf16le')
  assert.equal((await run(wide)).backend?.body.toString(), '{"a":"é"}')
  assert.equal((await run(latin, {}, 'text/xml; charset=utf-8')).status, 400)
})

it('a filter comes behind', async () => {
  assert.equal((await run('<a><b>1</b></a>', { filter: '.a.b' })).backend?.body.toString(), '1')
})

it('documents that are bad or dangerous are refused', async () => {
  for (const body of ['<a>', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>']) {
    const got = await run(body)
    assert.deepEqual(
      [got.status, got.headers.get('otoroshi-error-reason')],
      [400, 'transform.bad_request_body'],
    )
    assert.equal(got.backend, null)
  }
})
