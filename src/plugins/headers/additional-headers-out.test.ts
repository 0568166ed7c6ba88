import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './additional-headers-out.ts'

/** Fields the client gets. */
async function got(headers: unknown, fields: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config: { headers }, backend: { headers: fields }, ...more })
  return [...run.headers]
}

describe('additional response fields', () => {
  it('are none by default', async () => {
    assert.deepEqual(await got(undefined, { A: '1' }), [['A', '1']])
  })

  it('come behind those of the backend or replace them in place', async () => {
    const fields = [
      ['server', 'x'],
      ['Y', 'y'],
      ['Server', 'z'],
    ] as const
    assert.deepEqual(await got({ 'X-New': '1', Server: 'gateway' }, fields), [
      ['Server', 'gateway'],
      ['Y', 'y'],
      ['X-New', '1'],
    ])
  })

  it('may hold expressions over the request', async () => {
    assert.deepEqual(await got({ 'X-Was': '${req.method} ${req.path}' }, {}, { request: { url: '/a' } }), [
      ['X-Was', 'GET /a'],
    ])
  })

  it('cannot split the response', async () => {
    const request = { pathParams: { to: '/\r\nSet-Cookie: admin=1\r\n\r\n<script>' } }
    assert.deepEqual(await got({ Location: '${req.pathparams.to}' }, {}, { request }), [
      ['Location', '/ Set-Cookie: admin=1 <script>'],
    ])
  })

  it('do not change the request', async () => {
    const run = await runPlugin(plugin, { config: { headers: { 'X-A': '1' } } })
    assert.equal(run.backend!.headers.has('x-a'), false)
  })

  it('with a bad name keep the route closed', () => {
    for (const name of ['X A', 'X:', '\n']) {
      if (name.trim() === '') continue
      assert.throws(() => setUp(plugin, { headers: { [name]: '1' } }), JSON.stringify(name))
    }
  })
})
