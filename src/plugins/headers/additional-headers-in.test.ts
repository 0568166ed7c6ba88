import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './additional-headers-in.ts'

/** Fields the backend gets, `Host` apart. */
async function sent(headers: unknown, fields: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config: { headers }, request: { headers: fields }, ...more })
  return [...run.backend!.headers].filter(([name]) => name !== 'Host')
}

describe('additional request fields', () => {
  it('are none by default', async () => {
    assert.deepEqual(await sent(undefined, { A: '1' }), [['A', '1']])
  })

  it('come behind those of the client, in their order', async () => {
    assert.deepEqual(await sent({ 'X-B': 'b', 'X-A': 'a' }, { C: 'c' }), [
      ['C', 'c'],
      ['X-B', 'b'],
      ['X-A', 'a'],
    ])
  })

  it('replace all fields of the name, in place, in any case', async () => {
    const fields = [
      ['x-a', '1'],
      ['Y', 'y'],
      ['X-A', '2'],
    ] as const
    assert.deepEqual(await sent({ 'X-a': 'new' }, fields), [
      ['X-a', 'new'],
      ['Y', 'y'],
    ])
  })

  it('of one name in two cases come to the last one', async () => {
    assert.deepEqual(await sent({ 'X-A': '1', 'x-a': '2' }), [['x-a', '2']])
  })

  it('may hold expressions', async () => {
    const headers = {
      'X-Path': '${req.path}!',
      'X-Id': '${req.pathparams.id}',
      'X-No': '${req.headers.nope}',
    }
    const request = { url: '/a/7?x', pathParams: { id: '7' } }
    assert.deepEqual(await sent(headers, {}, { request }), [
      ['X-Path', '/a/7!'],
      ['X-Id', '7'],
      ['X-No', 'no-header-nope'],
    ])
  })

  it('never evaluate what a client sends', async () => {
    const fields = { 'X-Evil': '${req.headers.cookie}', Cookie: 'secret=1' }
    assert.deepEqual((await sent({ 'X-Copy': '${req.headers.x-evil}' }, fields)).at(-1), [
      'X-Copy',
      '${req.headers.cookie}',
    ])
  })

  it('stay one field whatever a client puts into them', async () => {
    const request = { pathParams: { id: 'a\r\nX-Admin: true\r\n\r\n\x00\x7fb\u20ac' } }
    const [field, ...others] = await sent({ 'X-Id': '${req.pathparams.id}' }, {}, { request })
    assert.deepEqual(others, [])
    assert.equal(field![1], `a X-Admin: true b${Buffer.from('\u20ac').toString('latin1')}`)
  })

  it('cannot set what frames the message', async () => {
    const headers = { 'Content-Length': '99', 'Transfer-Encoding': 'chunked', Connection: 'X-A', 'X-A': '1' }
    const run = await runPlugin(plugin, { config: { headers } })
    assert.deepEqual(run.backend!.headers.endToEnd(), [
      ['Host', 'gateway.test'],
      ['X-A', '1'],
    ])
  })

  it('without a name are left out, with a bad one the route does not start', async () => {
    assert.deepEqual(await sent({ '': 'x', ' ': 'y', ' X-A ': 'z' }), [['X-A', 'z']])
    for (const name of ['X A', 'X:A', 'X\r\nA', 'Ä', 'x\u0000'])
      assert.throws(() => setUp(plugin, { headers: { [name]: '1' } }), JSON.stringify(name))
    for (const headers of ['X', { X: 1 }, { X: null }])
      assert.throws(() => setUp(plugin, { headers }), JSON.stringify(headers))
  })
})
