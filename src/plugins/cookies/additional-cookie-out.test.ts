import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fields, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './additional-cookie-out.ts'

/** `Set-Cookie` fields the client gets. */
async function set(config: unknown, headers: Fields = {}, more: PluginRunInput = {}) {
  const run = await runPlugin(plugin, { config, backend: { headers }, ...more })
  return run.headers.getAll('set-cookie')
}

describe('an additional cookie for the client', () => {
  it('is the one of the defaults unless set', async () => {
    assert.deepEqual(await set({}), ['cookie=value'])
  })

  it('comes beside those of the backend', async () => {
    assert.deepEqual(await set({ name: 'a', value: '1' }, { 'Set-Cookie': 'a=0; Path=/' }), [
      'a=0; Path=/',
      'a=1',
    ])
  })

  it('has its attributes', async () => {
    const config = {
      name: 'a',
      value: '1',
      domain: '${req.domain}',
      path: '/x',
      maxAge: 60,
      secure: true,
      httpOnly: true,
      sameSite: 'strict',
    }
    assert.deepEqual(await set(config), [
      'a=1; Domain=gateway.test; Path=/x; Max-Age=60; Secure; HttpOnly; SameSite=Strict',
    ])
  })

  it('gets no attribute from a client', async () => {
    const request = { pathParams: { id: 'x; Domain=evil.test' } }
    assert.deepEqual(await set({ name: 'a', value: '${req.pathparams.id}' }, {}, { request }), [
      'a=x%3B%20Domain=evil.test',
    ])
    assert.deepEqual(await set({ name: 'a', domain: '${req.pathparams.id}' }, {}, { request }), ['a=value'])
  })

  it('does not start with attributes that are none', () => {
    const bad = [
      { sameSite: 'Sometimes' },
      { path: '/a; Secure' },
      { domain: 'a b' },
      { domain: 'a;b' },
      { maxAge: 1.5 },
      { maxAge: '60' },
      { secure: 'yes' },
    ]
    for (const config of bad) assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
