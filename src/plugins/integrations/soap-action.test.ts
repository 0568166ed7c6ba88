import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './soap-action.ts'

const envelope =
  '<s:Envelope xmlns:s="x"><s:Body user="${req.query.user}">${input_body}</s:Body></s:Envelope>'
const reply = {
  headers: { 'Content-Type': 'text/xml; charset=utf-8', 'X-Kept': '1' },
  body: '<s:Envelope xmlns:s="x"><s:Body><sum>3</sum></s:Body></s:Envelope>',
}
const json = { 'Content-Type': 'application/json' }

describe('a SOAP action', () => {
  it('makes messages of JSON, and JSON of messages', async () => {
    const run = await runPlugin(plugin, {
      config: {
        envelope,
        action: 'urn:add',
        jq_request_filter: '{add: .}',
        jq_response_filter: '.["s:Envelope"]["s:Body"].sum',
      },
      request: { method: 'PUT', url: '/x?user=me', body: '{"a":1,"b":2}', headers: json },
      route: { backendRoot: '/soap' },
      backend: reply,
    })
    const { backend } = run
    assert.deepEqual(
      [
        backend?.method,
        backend?.path,
        backend?.headers.get('soapaction'),
        backend?.headers.get('content-type'),
      ],
      ['POST', '/soap', 'urn:add', 'text/xml; charset=utf-8'],
    )
    assert.equal(
      backend?.body.toString(),
      '<s:Envelope xmlns:s="x"><s:Body user="me"><add><a>1</a><b>2</b></add></s:Body></s:Envelope>',
    )
    assert.deepEqual(
      [run.status, run.text.trim(), run.headers.get('content-type'), run.headers.get('x-kept')],
      [200, '3', 'application/json', '1'],
    )
  })

  it('lets no client write parts of the message', async () => {
    const value = await runPlugin(plugin, {
      config: { envelope },
      request: { url: `/x?user=${encodeURIComponent('"><admin/><x a="')}` },
      backend: reply,
    })
    assert.match(value.backend!.body.toString(), /user="&#34;&#62;&#60;admin\/&#62;/)
    for (const body of ['</s:Body><evil/><s:Body>', '<a', '<!DOCTYPE x><a/>'])
      assert.equal(
        (await runPlugin(plugin, { config: { envelope }, request: { method: 'POST', body }, backend: reply }))
          .status,
        400,
        body,
      )
    const whole = await runPlugin(plugin, {
      config: { envelope },
      request: { method: 'POST', body: '<?xml version="1.0"?><a/>' },
      backend: reply,
    })
    assert.match(whole.backend!.body.toString(), /user="[^"]*"><a\/><\/s:Body>/)
    assert.equal(
      (await runPlugin(plugin, { request: { method: 'POST', body: '{', headers: json } })).status,
      400,
    )
  })

  it('tells faults by the status', async () => {
    const status = async (body: string): Promise<number> =>
      (await runPlugin(plugin, { backend: { ...reply, body } })).status
    assert.equal(
      await status('<s:Fault><faultcode>s:Client</faultcode></s:Fault>'.replaceAll('s:Fault', 'S:Fault')),
      400,
    )
    assert.equal(await status('<S:Fault><faultcode>S:Server</faultcode></S:Fault>'), 500)
    assert.equal(await status('<broken'), 502)
    const raw = await runPlugin(plugin, { backend: { headers: { 'Content-Type': 'text/plain' }, body: 'x' } })
    assert.deepEqual([raw.status, raw.headers.get('content-type'), raw.text], [200, 'text/xml', 'x'])
  })

  it('may call another address, and refuses what is none', async () => {
    const run = await runPlugin(plugin, { config: { url: 'https://soap.test/svc?wsdl' }, backend: reply })
    assert.deepEqual([run.destination?.targets[0]?.hostname, run.backend?.path], ['soap.test', '/svc?wsdl'])
    await assert.rejects(runPlugin(plugin, { config: { url: 'x' } }), /url/)
    await assert.rejects(runPlugin(plugin, { config: { jq_request_filter: '{' } }), /jq_request_filter/)
  })
})
