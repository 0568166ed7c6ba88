import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './http3-switch.ts'

it('says where HTTP/3 is spoken, once', async () => {
  const field = async (config: object, headers = {}) =>
    (await runPlugin(plugin, { config, backend: { headers } })).headers.getAll('alt-svc')
  assert.deepEqual(await field({ port: 8443 }, { 'Alt-Svc': 'clear' }), ['h3=":8443"; ma=3600'])
  assert.deepEqual(await field({ port: 443, ma: 60, domain: 'cdn.test', protocols: ['h3', 'h3-29'] }), [
    'h3="cdn.test:443"; ma=60, h3-29="cdn.test:443"; ma=60',
  ])
  await assert.rejects(field({ port: 0 }), /port/)
  await assert.rejects(field({ port: 443, domain: 'a" x' }), /domain/)
})

it('says nothing that is not so', async () => {
  const got = await runPlugin(plugin, {})
  assert.equal(got.headers.get('alt-svc'), undefined)
  assert.match(got.log[0]!.message, /no port/)
})
