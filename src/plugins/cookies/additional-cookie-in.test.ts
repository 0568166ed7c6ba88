import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './additional-cookie-in.ts'

/** `Cookie` fields the backend gets. */
async function sent(config: unknown, headers: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config, request: { headers }, ...more })
  return run.backend!.headers.getAll('cookie')
}

describe('an additional cookie for the backend', () => {
  it('is the one of the defaults unless set', async () => {
    assert.deepEqual(await sent({}), ['cookie=value'])
  })

  it('comes behind those of the client, in one field', async () => {
    const cookies = [
      ['Cookie', 'a="1"; b=2;'],
      ['cookie', 'name=old'],
    ] as const
    assert.deepEqual(await sent({ name: 'name', value: 'new' }, cookies), ['a="1"; b=2; name=old; name=new'])
  })

  it('may hold expressions in name and value', async () => {
    const request = { url: '/x', headers: { 'X-Name': 'team' } }
    assert.deepEqual(await sent({ name: '${req.headers.x-name}', value: '${req.path}!' }, {}, { request }), [
      'team=/x!',
    ])
  })

  it('stays one cookie whatever a client puts into it', async () => {
    const request = { pathParams: { id: 'a; admin=1\r\nX: "\\,\u20ac b' } }
    assert.deepEqual(await sent({ name: 'id', value: '${req.pathparams.id}' }, {}, { request }), [
      'id=a%3B%20admin=1%0D%0AX:%20%22%5C%2C%E2%82%AC%20b',
    ])
    const named = await sent({ name: '${req.pathparams.id}', value: 'x' }, { Cookie: 'a=1' }, { request })
    assert.deepEqual(named, [])
  })

  it('does not start with a name or value that is none', () => {
    for (const config of [
      { name: '' },
      { name: 'a b' },
      { name: 'a=b' },
      { value: 'a;b' },
      { value: 'a\nb' },
      { name: 1 },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
