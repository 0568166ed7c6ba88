import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './missing-headers-out.ts'

/** Fields the client gets. */
async function got(headers: unknown, fields: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config: { headers }, backend: { headers: fields }, ...more })
  return [...run.headers]
}

describe('missing response fields', () => {
  it('are none by default', async () => {
    assert.deepEqual(await got(undefined, { A: '1' }), [['A', '1']])
  })

  it('are added where the backend sent none of the name, in any case', async () => {
    const fields = [
      ['cache-control', 'no-store'],
      ['Cache-Control', 'private'],
    ] as const
    assert.deepEqual(await got({ 'Cache-Control': 'public', 'X-Frame-Options': 'DENY' }, fields), [
      ...fields,
      ['X-Frame-Options', 'DENY'],
    ])
  })

  it('do not count what the client sent', async () => {
    const request = { headers: { 'X-A': 'of the request' } }
    assert.deepEqual(await got({ 'X-A': 'new' }, {}, { request }), [['X-A', 'new']])
  })

  it('may hold expressions, and cannot split the response', async () => {
    const request = { pathParams: { id: 'a\r\n\r\nb' } }
    assert.deepEqual(await got({ 'X-Id': '${req.pathparams.id}' }, {}, { request }), [['X-Id', 'a b']])
  })

  it('with a bad name keep the route closed', () => {
    assert.throws(() => setUp(plugin, { headers: { 'X-A\r\nX-B': '1' } }))
  })
})
