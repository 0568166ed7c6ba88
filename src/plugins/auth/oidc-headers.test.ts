import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { type PluginRun, runPlugin, setUp, userSession } from '../../plugin/testing.ts'
import { token } from '../testing/tokens.ts'
import plugin from './oidc-headers.ts'

const idToken = token({ sub: 'Zoë' })
const user = (fields: object = {}) =>
  userSession({
    name: 'Z',
    profile: { n: 'Zoë' },
    token: { id_token: idToken, access_token: 'opaque' },
    ...fields,
  })

const call = (config: object, as = user() as ReturnType<typeof user> | null): Promise<PluginRun> =>
  runPlugin(plugin, {
    config,
    request: { headers: { 'X-OIDC-User': 'forged', 'X-Own': 'forged' } },
    before: ({ attributes }) => {
      if (as !== null) attributes.set(userAttribute, as)
    },
  })
const sent = async (name: string, ...of: Parameters<typeof call>): Promise<string | undefined> =>
  (await call(...of)).backend!.headers.get(name)

test('nothing is sent unless asked for', async () => {
  const { backend } = await call({})
  assert.deepEqual([...backend!.headers].map(([name]) => name).sort(), ['Host', 'X-OIDC-User', 'X-Own'])
})

test('the profile is sent as JSON', async () => {
  assert.equal(await sent('x-oidc-user', { profile: {} }), '{"n":"Zo\\u00eb"}')
  assert.equal(await sent('x-own', { profile: { headerName: 'X-Own' } }), '{"n":"Zo\\u00eb"}')
  assert.equal(await sent('x-oidc-user', { profile: { send: false } }), 'forged')
})

test('tokens are sent as they are, or what they say', async () => {
  assert.equal(await sent('x-oidc-id-token', { idToken: { jwt: false } }), idToken)
  assert.equal(await sent('x-oidc-id-token', { idToken: {} }), '{"sub":"Zo\\u00eb"}')
  assert.equal(await sent('x-oidc-access-token', { accessToken: {} }), '--')
  assert.equal(await sent('x-oidc-access-token', { accessToken: { jwt: false } }), 'opaque')
  assert.equal(await sent('x-oidc-access-token', { accessToken: { jwt: false, name: 'toString' } }), '--')
})

test('a client cannot speak for the provider', async () => {
  assert.equal(await sent('x-oidc-user', { profile: {} }, null), undefined)
  assert.equal(await sent('x-oidc-user', { profile: {} }, user({ token: {} })), undefined)
})

test('a name that can be none closes the route', () => {
  assert.throws(() => setUp(plugin, { idToken: { headerName: 'a b' } }))
})
