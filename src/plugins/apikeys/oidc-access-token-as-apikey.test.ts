import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApikeyView } from '../../identity/apikey.ts'
import { apikeyAttribute } from '../../plugin/index.ts'
import {
  apikey,
  authModule,
  fakeLogins,
  jwtServices,
  outgoingCalls,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import { oauthFields, token } from '../testing/tokens.ts'
import plugin from './oidc-access-token-as-apikey.ts'

interface Call {
  readonly config?: object
  readonly text?: string | null
  readonly url?: string
  readonly keys?: ApikeyView[]
  readonly active?: boolean
  readonly create?: (key: Readonly<Record<string, unknown>>) => Promise<ApikeyView>
}

const rule = (more: object = {}) => ({ oidcConfigRef: 'idp', localVerificationOnly: true, ...more })

async function keyOf({
  config,
  text = token({ sub: 'ada' }),
  url = '/',
  keys = [],
  active = true,
  create,
}: Call = {}) {
  const run = await runPlugin(plugin, {
    config: config ?? { config: rule() },
    request: { url, headers: text === null ? {} : { Authorization: `Bearer ${text}` } },
    services: {
      logins: fakeLogins({ modules: [authModule(oauthFields())] }),
      jwt: jwtServices(),
      calls: outgoingCalls(() => ({ body: JSON.stringify({ active }) })),
      apikeys: {
        find: id => keys.find(key => key.clientId === id) ?? null,
        create:
          create ??
          (async key => {
            const made = apikey(key)
            keys.push(made)
            return made
          }),
      },
    },
  })
  assert.equal(run.status, 200)
  return run.attributes.get(apikeyAttribute)
}

const ID = 'route_test-idp-ada'
const stored = (more: object = {}) =>
  apikey({
    clientId: ID,
    clientSecret: 's',
    clientName: 'Stored',
    authorizedEntities: ['route_route_test'],
    ...more,
  })

describe('an access token', () => {
  it('stands for a key of its subject, which is stored nowhere', async () => {
    const keys: ApikeyView[] = []
    const key = await keyOf({ keys })
    assert.equal(key?.clientId, ID)
    assert.ok(key?.grantedOn('route', 'route_test'))
    assert.equal(key?.json.throttlingQuota, 100)
    assert.deepEqual(keys, [])
    assert.equal(
      (await keyOf({ config: { config: rule({ uniqueApiKey: true }) } }))?.clientId,
      'route_test-idp',
    )
  })

  it('makes no key when it is not accepted, and refuses nobody', async () => {
    assert.equal(await keyOf({ text: null }), undefined)
    assert.equal(await keyOf({ text: 'x.y.z' }), undefined)
    assert.equal(await keyOf({ config: { config: rule({ scopes: ['read'] }) } }), undefined)
    assert.equal(await keyOf({ config: { config: rule({ oidcConfigRef: 'gone' }) } }), undefined)
    assert.equal(
      await keyOf({ config: { config: rule({ excludedPatterns: ['/open'] }) }, url: '/open' }),
      undefined,
    )
    assert.equal(await keyOf({ config: { enabled: false, config: rule() } }), undefined)
    const asked = { config: { config: rule({ localVerificationOnly: false }) } }
    assert.equal((await keyOf(asked))?.clientId, ID)
    assert.equal(await keyOf({ ...asked, active: false }), undefined)
  })

  it('of several rules fulfils all, or one where that is enough', async () => {
    const config = [rule(), rule({ scopes: ['none'] })]
    assert.equal(await keyOf({ config: { config } }), undefined)
    assert.equal((await keyOf({ config: { config, atLeastOne: true } }))?.clientId, ID)
  })

  it('stands for a stored key of its id where the settings say so, while that may be used here', async () => {
    const config = { config: rule({ mode: 'Hybrid' }) }
    assert.equal((await keyOf({ config, keys: [stored()] }))?.clientName, 'Stored')
    assert.equal((await keyOf({ config }))?.clientName, ID)
    for (const more of [{ enabled: false }, { validUntil: 1 }, { authorizedEntities: ['route_other'] }])
      assert.equal(await keyOf({ config, keys: [stored(more)] }), undefined, JSON.stringify(more))
    assert.equal((await keyOf({ keys: [stored({ enabled: false })] }))?.clientName, ID, 'Tmp looks at none')
  })

  it('has its key stored where the settings say so, and needs no store', async () => {
    const config = { config: rule({ mode: 'Persistent', dailyQuota: 7 }) }
    const keys: ApikeyView[] = []
    assert.equal((await keyOf({ config, keys }))?.json.dailyQuota, 7)
    assert.equal(keys.length, 1)
    await keyOf({ config, keys })
    assert.equal(keys.length, 1)
    const create = () => Promise.reject(new Error('away'))
    assert.equal((await keyOf({ config, create }))?.clientId, ID)
  })

  it('makes no key of a subject that can be no id', async () => {
    assert.equal(await keyOf({ text: token({ sub: 'a\u0000b' }) }), undefined)
    assert.equal(await keyOf({ text: token({ sub: 'x'.repeat(2000) }) }), undefined)
  })

  it('refuses settings that mean nothing', () => {
    assert.throws(() => setUp(plugin, { config: { mode: 'Forever' } }), /mode|config/)
    assert.throws(() => setUp(plugin, { config: { excludedPatterns: ['('] } }), /excludedPatterns|config/)
  })
})
