import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import { readJws } from '../../identity/jwt/jws.ts'
import { keySigned, secretSigned } from '../../identity/jwt/signature.ts'
import type { KeyPairSource } from '../../plugin/index.ts'
import { apikey, type PluginRun, runPlugin, setUp } from '../../plugin/testing.ts'
import calls from './apikey-calls.ts'
import plugin from './ng-client-credential-token-endpoint.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}
const rsa: Pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256: Pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })

function pairs(own: Record<string, { pair: Pair; tenant?: string; signsTokens?: boolean }>): KeyPairSource {
  return {
    find: id => {
      const known = Object.hasOwn(own, id) ? own[id] : undefined
      if (known === undefined) return null
      const { pair, tenant = 'default', signsTokens = true } = known
      return { publicKey: pair.publicKey, signsTokens, exposed: false, tenant }
    },
    signingKey: id => (Object.hasOwn(own, id) ? own[id]!.pair.privateKey : null),
  }
}

interface Call {
  readonly config?: object
  readonly key?: object
  readonly keyPairs?: KeyPairSource
  readonly type?: string
  readonly body?: string
  readonly headers?: Record<string, string>
}

const key = (more: object = {}) =>
  apikey({ clientId: 'id', clientSecret: 'secret', authorizedEntities: ['route_route_test'], ...more })

const good = 'grant_type=client_credentials&client_id=id&client_secret=secret'

function call({
  config = {},
  key: more = {},
  keyPairs = pairs({}),
  type,
  body = good,
  headers = {},
}: Call = {}): Promise<PluginRun> {
  return runPlugin(plugin, {
    config,
    apikeys: [key(more)],
    services: { keyPairs },
    request: {
      method: 'POST',
      url: 'https://auth.test/token',
      headers: { 'Content-Type': type ?? 'application/x-www-form-urlencoded', ...headers },
      body,
    },
  })
}

async function fault(of: Call): Promise<string> {
  const { status, text, backend, headers } = await call(of)
  assert.equal(backend, null)
  assert.equal(headers.get('cache-control'), 'no-store')
  const { error, error_description: description } = JSON.parse(text)
  return `${status} ${headers.get('otoroshi-error-reason')} ${error}: ${description}`
}

async function token(of: Call = {}) {
  const run = await call(of)
  assert.equal(run.status, 200, run.text)
  const answer = JSON.parse(run.text)
  return { answer, jws: readJws(answer.access_token)!, text: String(answer.access_token) }
}

describe('a request for a token', () => {
  it('is answered with a token that stands for the key', async () => {
    const { answer, jws, text } = await token()
    assert.equal(answer.token_type, 'Bearer')
    assert.equal(answer.expires_in, 3600)
    assert.equal(answer.scope, undefined)
    const { iat, exp, nbf, jti, ...claims } = jws.claims
    assert.deepEqual(claims, { cid: 'id', sub: 'id', iss: 'https://auth.test', aud: 'otoroshi' })
    assert.equal(Number(exp) - Number(iat), 3600)
    assert.equal(nbf, iat)
    assert.match(String(jti), /^[0-9a-f-]{36}$/)
    assert.equal(jws.alg, 'HS512')
    assert.ok(secretSigned(jws, 'secret'))
    const used = await runPlugin(calls, {
      apikeys: [key()],
      request: { headers: { Authorization: `Bearer ${text}` } },
    })
    assert.equal(used.status, 200, 'the token opens a route of the key')
    const elsewhere = await runPlugin(calls, {
      apikeys: [key()],
      route: { id: 'another', groups: [] },
      request: { headers: { Authorization: `Bearer ${text}` } },
    })
    assert.equal(elsewhere.refusal?.reason, 'apikey.unknown', 'and no other')
  })

  it('may come as JSON, with Basic credentials, with scopes and an audience', async () => {
    const json = JSON.stringify({
      grant_type: 'client_credentials',
      client_id: 'id',
      client_secret: 'secret',
      aud: 'me',
    })
    assert.equal(
      (await token({ type: 'application/json; charset=utf-8', body: json })).jws.claims['aud'],
      'me',
    )
    const headers = { Authorization: `Basic ${btoa('id:secret')}` }
    const body = 'grant_type=client_credentials&client_id=other&client_secret=x'
    assert.equal((await token({ headers, body })).jws.claims['cid'], 'id')
    const scoped = { key: { metadata: { scope: 'read write' } }, body: `${good}&scope=write+read` }
    const { answer, jws } = await token(scoped)
    assert.equal(answer.scope, 'write read')
    assert.equal(jws.claims['scope'], 'write read')
  })

  it('is refused in the words of upstream', async () => {
    const bad = '401 oauth.denied access_denied: bad client credentials'
    assert.equal(await fault({ body: good.replace('=secret', '=wrong') }), bad)
    assert.equal(await fault({ body: good.replace('=id', '=nobody') }), bad)
    assert.equal(await fault({ key: { enabled: false } }), bad)
    assert.equal(await fault({ key: { validUntil: 1 } }), bad)
    assert.equal(
      await fault({ body: 'grant_type=client_credentials&client_id=id', key: { allowClientIdOnly: true } }),
      bad,
    )
    assert.equal(await fault({ headers: { Authorization: 'Basic x' } }), bad)
    assert.equal(await fault({ type: 'text/plain' }), '401 oauth.denied access_denied: unauthorized')
    assert.equal(
      await fault({ type: 'application/json', body: '[1]' }),
      '401 oauth.denied access_denied: unauthorized',
    )
    assert.equal(
      await fault({ body: 'grant_type=password' }),
      "400 oauth.unsupported_grant unauthorized_client: grant type 'password' not supported !",
    )
    assert.equal(
      await fault({ body: `${good}&scope=a+b`, key: { metadata: { scope: 'a' } } }),
      '403 oauth.scope_not_granted access_denied: client has not been granted scopes: b',
    )
    assert.match(await fault({ body: `${good}&client_id=id` }), /^400 oauth\.bad_request bad_request/)
    assert.match(await fault({ body: `${good}&bearer_kind=biscuit` }), /^400 oauth\.bad_request bad_request/)
    assert.match(await fault({ body: `${good}&x=${'y'.repeat(70_000)}` }), /^413 body_too_large/)
  })

  it('is refused to keys that are not on the lists', async () => {
    const refused = '401 oauth.denied access_denied: unauthorized'
    assert.equal(await fault({ config: { allowed_apikeys: ['other'] } }), refused)
    assert.equal(await fault({ config: { allowed_groups: ['g'] } }), refused)
    await token({ config: { allowed_apikeys: ['other', 'id'], allowed_groups: ['g'] } })
    await token({ config: { allowed_groups: ['g'] }, key: { authorizedEntities: ['group_g'] } })
  })

  it('is refused while a secret is wrong, whichever of two is in force', async () => {
    const rotation = { enabled: true, nextSecret: 'next' }
    await token({ key: { rotation }, body: good.replace('=secret', '=next') })
    assert.match(await fault({ key: { rotation }, body: good.replace('=secret', '=') }), /^401/)
  })
})

describe('a token', () => {
  it('is signed with the usual pair, which API keys are accepted with', async () => {
    const keyPairs = pairs({ 'otoroshi-jwt-signing': { pair: rsa } })
    const { jws, text } = await token({ keyPairs })
    assert.equal(
      `${jws.alg} ${jws.kid} ${jws.claims['kid']}`,
      'RS256 otoroshi-jwt-signing otoroshi-jwt-signing',
    )
    assert.ok(keySigned(jws, rsa.publicKey))
    const headers = { Authorization: `Bearer ${text}` }
    const used = await runPlugin(calls, { apikeys: [key()], services: { keyPairs }, request: { headers } })
    assert.equal(used.status, 200)
  })

  it('is signed with the pair that the key names, by the algorithm of its curve', async () => {
    const keyPairs = pairs({ 'otoroshi-jwt-signing': { pair: rsa }, own: { pair: p256 } })
    const named = { metadata: { 'jwt-sign-keypair': 'own' } }
    const { jws, text } = await token({ keyPairs, key: named })
    assert.equal(`${jws.alg} ${jws.kid}`, 'ES256 own')
    const headers = { Authorization: `Bearer ${text}` }
    const used = await runPlugin(calls, {
      apikeys: [key(named)],
      services: { keyPairs },
      request: { headers },
    })
    assert.equal(used.status, 200)
  })

  it('is never signed with a pair of another organization, nor with a certificate that is for something else', async () => {
    for (const more of [{ tenant: 'elsewhere' }, { signsTokens: false }]) {
      const keyPairs = pairs({ own: { pair: rsa, ...more } })
      const { jws } = await token({ keyPairs, key: { metadata: { 'jwt-sign-keypair': 'own' } } })
      assert.equal(`${jws.alg} ${jws.kid}`, 'HS512 null')
      const usual = await token({ keyPairs, config: { default_key_pair: 'own' } })
      assert.equal(usual.jws.alg, 'HS512')
    }
  })

  it('lives as long as the settings say', async () => {
    const { answer, jws } = await token({ config: { expiration: 90_500 } })
    assert.equal(answer.expires_in, 90)
    assert.equal(Number(jws.claims['exp']) - Number(jws.claims['iat']), 90)
    for (const expiration of [0, -1, '1h']) assert.throws(() => setUp(plugin, { expiration }), /expiration/)
  })
})
