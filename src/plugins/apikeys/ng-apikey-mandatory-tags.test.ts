import assert from 'node:assert/strict'
import { it } from 'node:test'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-apikey-mandatory-tags.ts'

async function outcome(tags: string[], key: object | null): Promise<string> {
  const { refusal } = await runPlugin(plugin, {
    config: { tags },
    before: ({ attributes }) =>
      key !== null && attributes.set(apikeyAttribute, apikey({ clientId: 'id', clientSecret: 's', ...key })),
  })
  return refusal === null
    ? 'passes'
    : `${refusal.status} ${refusal.reason} ${refusal.message} ${refusal.cause}`
}

it('wants every tag of a key, and leaves calls without a key to others', async () => {
  const refused = '403 apikey.tags_missing forbidden errors.no.matching.tags'
  assert.equal(await outcome([], {}), 'passes')
  assert.equal(await outcome(['a', 'b'], { tags: ['b', 'c', 'a'] }), 'passes')
  assert.equal(await outcome(['a', 'b'], { tags: ['a'] }), refused)
  assert.equal(await outcome(['a'], { tags: ['A', 'a '] }), refused)
  assert.equal(await outcome(['a'], {}), refused)
  assert.equal(await outcome(['a'], null), 'passes')
  assert.throws(() => setUp(plugin, { tags: 'a' }), /tags/)
})
