import assert from 'node:assert/strict'
import { it } from 'node:test'
import { apikey, runPlugin } from '../../plugin/testing.ts'
import { apikeyAttribute } from '../../plugin/index.ts'
import plugin from './jq-response.ts'

it('jq transforms answers, with what is known of the caller', async () => {
  const got = await runPlugin(plugin, {
    config: {
      filter:
        '.owner = $context.apikey.clientId | .status = $context.otoroshi_response.status | .more = ($context | tostring)',
    },
    request: { method: 'POST', body: 'as it is', headers: { 'X-A': '1' } },
    before: exchange =>
      exchange.attributes.set(apikeyAttribute, apikey({ clientId: 'me', clientSecret: 'hidden' })),
    backend: { status: 404, headers: { 'Content-Type': 'application/json' }, body: '{}' },
  })
  const seen = JSON.parse(got.text)
  assert.deepEqual([got.status, seen.owner, seen.status], [404, 'me', 404])
  assert.equal(got.backend?.body.toString(), 'as it is')
  assert.doesNotMatch(seen.more, /hidden/)
  assert.match(seen.more, /"X-A":"1"/)
})

it('the default filter checks that answers are JSON', async () => {
  assert.equal((await runPlugin(plugin, { backend: { body: '{ "a" : 1 }' } })).text, '{"a":1}')
  assert.equal((await runPlugin(plugin, { backend: { body: '<html>' } })).status, 502)
})
