import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './jq-request.ts'

it('jq transforms bodies of requests only', async () => {
  const got = await runPlugin(plugin, {
    config: { filter: '.a' },
    request: {
      method: 'POST',
      headers: { 'Content-Type': 'application/json; charset=utf-16le' },
      body: Buffer.from('{"a":"é"}', 'utf16le'),
    },
    backend: { body: '{"b":1}' },
  })
  assert.equal(got.backend?.body.toString(), '"é"')
  assert.equal(got.backend?.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(got.text, '{"b":1}')
})

it('several results are lines, and none is an empty body', async () => {
  const sent = async (filter: string) =>
    (
      await runPlugin(plugin, { config: { filter }, request: { method: 'POST', body: '[1,2]' } })
    ).backend?.body.toString()
  assert.equal(await sent('.[]'), '1\n2')
  assert.equal(await sent('empty'), '')
  assert.equal(await sent('.'), '[1,2]')
  assert.equal(await sent(' '), '[1,2]')
})
