import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './missing-headers-in.ts'

/** Fields the backend gets, `Host` apart. */
async function sent(headers: unknown, fields: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config: { headers }, request: { headers: fields }, ...more })
  return [...run.backend!.headers].filter(([name]) => name !== 'Host')
}

describe('missing request fields', () => {
  it('are none by default', async () => {
    assert.deepEqual(await sent(undefined, { A: '1' }), [['A', '1']])
  })

  it('are added where the client sent none of the name, in any case', async () => {
    assert.deepEqual(await sent({ 'X-A': 'new', 'X-B': 'new' }, { 'x-a': 'old' }), [
      ['x-a', 'old'],
      ['X-B', 'new'],
    ])
  })

  it('leave repeated and empty fields alone', async () => {
    const fields = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['X-B', ''],
    ] as const
    assert.deepEqual(await sent({ 'X-A': 'new', 'X-B': 'new' }, fields), fields)
  })

  it('of one name in two cases come to the first one', async () => {
    assert.deepEqual(await sent({ 'X-A': '1', 'x-a': '2' }), [['X-A', '1']])
  })

  it('are added in place of what the gateway takes from clients', async () => {
    const fields = { 'Otoroshi-State': 'forged', 'X-Forwarded-For': '1.2.3.4' }
    assert.deepEqual(await sent({ 'Otoroshi-State': 'own', 'X-Forwarded-For': '${req.ip}' }, fields), [
      ['Otoroshi-State', 'own'],
      ['X-Forwarded-For', '1.2.3.4'],
    ])
  })

  it('may hold expressions, and stay one field', async () => {
    const request = { pathParams: { id: 'a\nX-B: c' } }
    assert.deepEqual(await sent({ 'X-Id': '<${req.pathparams.id}>' }, {}, { request }), [
      ['X-Id', '<a X-B: c>'],
    ])
  })

  it('with a bad name keep the route closed', () => {
    assert.throws(() => setUp(plugin, { headers: { 'X A': '1' } }))
    assert.throws(() => setUp(plugin, { headers: { 'X-A': 1 } }))
  })
})
