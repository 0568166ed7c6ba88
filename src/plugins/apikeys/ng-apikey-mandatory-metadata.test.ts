import assert from 'node:assert/strict'
import { it } from 'node:test'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-apikey-mandatory-metadata.ts'

async function outcome(metadata: object, key: object | null): Promise<string> {
  const { refusal } = await runPlugin(plugin, {
    config: { metadata },
    before: ({ attributes }) =>
      key !== null && attributes.set(apikeyAttribute, apikey({ clientId: 'id', clientSecret: 's', ...key })),
  })
  return refusal === null
    ? 'passes'
    : `${refusal.status} ${refusal.reason} ${refusal.message} ${refusal.cause}`
}

it('wants every value of a key, and leaves calls without a key to others', async () => {
  const refused = '403 apikey.metadata_missing forbidden errors.no.matching.metadata'
  assert.equal(await outcome({}, {}), 'passes')
  assert.equal(await outcome({ a: '1', b: '' }, { metadata: { a: '1', b: '', c: '2' } }), 'passes')
  assert.equal(await outcome({ a: '1' }, { metadata: { a: '2' } }), refused)
  assert.equal(await outcome({ a: '1' }, {}), refused)
  assert.equal(await outcome({ a: '1' }, null), 'passes')
  assert.throws(() => setUp(plugin, { metadata: { a: 1 } }), /metadata\.a/)
})
