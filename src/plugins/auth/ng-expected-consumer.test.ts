import assert from 'node:assert/strict'
import { it } from 'node:test'
import { passingUser } from '../../identity/user.ts'
import { apikeyAttribute, type Exchange, userAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-expected-consumer.ts'

async function outcome(before: (exchange: Exchange) => void = () => {}): Promise<string> {
  const { refusal } = await runPlugin(plugin, { before })
  return refusal === null
    ? 'passes'
    : `${refusal.status} ${refusal.reason} ${refusal.message} ${refusal.cause}`
}

it('wants a key or a user', async () => {
  assert.equal(await outcome(), "401 consumer.missing You're not authorized here ! errors.auth.unauthorized")
  assert.equal(
    await outcome(({ attributes }) =>
      attributes.set(apikeyAttribute, apikey({ clientId: 'i', clientSecret: 's' })),
    ),
    'passes',
  )
  assert.equal(await outcome(({ attributes }) => attributes.set(userAttribute, passingUser({}))), 'passes')
})
