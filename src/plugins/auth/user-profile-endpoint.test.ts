import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './user-profile-endpoint.ts'

const user = userSession({
  randomId: 'secret-id',
  name: 'Ada',
  email: 'ada@b',
  token: { access_token: 'secret-token' },
  otoroshiData: { team: 'core' },
})

test('the profile is the light form of the user, without tokens and ids', async () => {
  const run = await runPlugin(plugin, { before: e => e.attributes.set(userAttribute, user) })
  const light = { name: 'Ada', email: 'ada@b', profile: {}, metadata: { team: 'core' }, tags: [] }
  assert.deepEqual([run.status, JSON.parse(run.text)], [200, light])
  assert.equal(run.headers.get('cache-control'), 'no-store')
  assert.doesNotMatch(run.text, /secret/)
})

test('nobody has no profile', async () => {
  const run = await runPlugin(plugin)
  assert.deepEqual([run.status, run.text], [401, '{"error":"unauthorized"}'])
  assert.equal(run.headers.get('otoroshi-error-reason'), 'auth.unauthorized')
})
