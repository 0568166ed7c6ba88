import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apikeyAttribute, type Exchange, userAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './consumer-endpoint.ts'

const user = userSession({
  randomId: 'secret-id',
  name: 'Ada',
  email: 'ada@b',
  otoroshiData: { team: 'core' },
})
const key = apikey({ clientId: 'k', clientSecret: 'secret-key' })
const asUser = (e: Exchange) => e.attributes.set(userAttribute, user)
const asKey = (e: Exchange) => e.attributes.set(apikeyAttribute, key)
const consumer = async (before: (e: Exchange) => void = () => {}) => {
  const { text } = await runPlugin(plugin, { before })
  assert.doesNotMatch(text, /secret/)
  return JSON.parse(text)
}

test('the consumer is the user, else the key, else nobody in particular', async () => {
  const light = { name: 'Ada', email: 'ada@b', profile: {}, metadata: { team: 'core' }, tags: [] }
  assert.deepEqual(await consumer(asUser), { ...light, access_type: 'session' })
  const both = (e: Exchange) => {
    asUser(e)
    asKey(e)
  }
  assert.equal((await consumer(both)).access_type, 'session')
  assert.deepEqual(await consumer(asKey), { ...key.light(), access_type: 'apikey' })
  assert.deepEqual(await consumer(), { access_type: 'public' })
})
