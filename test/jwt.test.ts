import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { compactDecrypt, CompactEncrypt } from 'jose'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { IdentityProvider, rs256 } from './support/identity-provider.ts'

type Json = Readonly<Record<string, unknown>>
const VERIFIERS = '/apis/security.otoroshi.io/v1/jwt-verifiers'
const MODULES = '/apis/security.otoroshi.io/v1/auth-modules'
const CERTIFICATES = '/apis/pki.otoroshi.io/v1/certificates'
const SECRET = 'a secret of the test'

let gateway: TestGateway
let backend: Backend
let provider: IdentityProvider
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const hs256 = (claims: Json, secret = SECRET): string => {
  const text = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
const claimsOf = (token: string | undefined): Json =>
  JSON.parse(Buffer.from((token ?? '').split('.')[1] ?? '', 'base64url').toString())
const soon = (): number => Math.floor(Date.now() / 1000) + 300
const reason = ({ status, headers }: Got): string =>
  `${status} ${headers['otoroshi-error-reason'] ?? 'passed'}`
const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` })

const plainFields = { fields: {}, arrayFields: {} }
const hs = (secret = SECRET): Json => ({ type: 'HSAlgoSettings', size: 256, secret, base64: false })
const jwks = (path: string, more: Json = {}): Json => ({
  type: 'JWKSAlgoSettings',
  url: `${provider.url}${path}`,
  timeout: 1000,
  ttl: 3_600_000,
  headers: {},
  kty: 'RSA',
  ...more,
})

async function put(path: string, entity: Json, method: 'POST' | 'PUT' = 'POST'): Promise<void> {
  const answer = await gateway.admin(method, method === 'PUT' ? `${path}/${entity['id']}` : path, entity)
  assert.ok(answer.status === 201 || answer.status === 200, answer.text)
}
const verifier = (id: string, more: Json = {}, method?: 'PUT'): Promise<void> =>
  put(
    VERIFIERS,
    {
      id,
      name: id,
      source: { type: 'InHeader', name: 'X-JWT-Token', remove: '' },
      algoSettings: hs(),
      strategy: { type: 'PassThrough', verificationSettings: plainFields },
      ...more,
    },
    method,
  )
const route = (id: string, plugin: string, config: Json, more: Json = {}): Promise<void> =>
  gateway.route({
    id,
    name: id,
    ...more,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins: [{ plugin: `cp:otoroshi.next.plugins.${plugin}`, config }],
  })
const to = (id: string, headers: Record<string, string> = {}, path = '/'): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, { headers })
/** What several requests at once come to: they meet both threads. */
async function outcomes(id: string, headers: Record<string, string>): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: 16 }, () => to(id, headers).then(reason)))
  return [...new Set(all)]
}

before(async () => {
  provider = await IdentityProvider.start()
  provider.publish('first')
  backend = await startBackend()
  gateway = await startGateway({ threads: 2, env: { JWT_SECRET_OF_TEST: 'from the environment' } })
  for (const id of ['pair', 'otoroshi-jwt-signing'])
    await put(CERTIFICATES, {
      id,
      domain: id,
      name: id,
      description: 'signs and decrypts',
      chain: pair.publicKey.export({ type: 'spki', format: 'pem' }),
      privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      keypair: true,
    })
  await put(MODULES, {
    id: 'idp',
    name: 'idp',
    type: 'oauth2',
    clientId: 'gateway',
    clientSecret: 'of the gateway',
    tokenUrl: `${provider.url}/token`,
    userInfoUrl: `${provider.url}/userinfo`,
    introspectionUrl: `${provider.url}/introspect`,
    jwtVerifier: jwks('/jwks'),
  })
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
  await provider?.close()
})

describe('verifiers', () => {
  it('that are changed judge anew at once, on every thread, tokens seen before included', async () => {
    await verifier('changing')
    await route('changing', 'JwtVerification', { verifiers: ['changing'] })
    const headers = { 'X-JWT-Token': hs256({ sub: 'a', exp: soon() }) }
    assert.deepEqual(await outcomes('changing', headers), ['200 passed'])
    await verifier('changing', { algoSettings: hs('another') }, 'PUT')
    assert.deepEqual(await outcomes('changing', headers), ['400 jwt.bad'])
    await verifier('changing', {}, 'PUT')
    assert.deepEqual(await outcomes('changing', headers), ['200 passed'])
    const fields = { type: 'PassThrough', verificationSettings: { fields: { sub: 'b' }, arrayFields: {} } }
    await verifier('changing', { strategy: fields }, 'PUT')
    assert.deepEqual(await outcomes('changing', headers), ['400 jwt.bad'])
    assert.equal((await gateway.admin('DELETE', `${VERIFIERS}/changing`)).status, 200)
    assert.deepEqual(await outcomes('changing', headers), ['500 jwt.unknown_verifier'])
  })

  it('let nobody in who brings no token, a bad one, or one past its end', async () => {
    await verifier('strict')
    await route('strict', 'JwtVerification', { verifiers: ['strict'] })
    const got = await to('strict')
    assert.equal(reason(got), '400 jwt.missing')
    assert.deepEqual(got.json, { 'Otoroshi-Error': 'error.expected.token.not.found' })
    for (const token of [hs256({}, 'forged'), hs256({ exp: 1 }), `${part({ alg: 'none' })}.${part({})}.`])
      assert.equal(reason(await to('strict', { 'X-JWT-Token': token })), '400 jwt.bad')
  })

  it('change tokens on the way to the backend', async () => {
    await verifier('changed', {
      source: { type: 'InQueryParam', name: 'token' },
      strategy: {
        type: 'Transform',
        verificationSettings: plainFields,
        transformSettings: {
          location: { type: 'InHeader', name: 'X-Out', remove: '' },
          mappingSettings: { map: { sub: 'user' }, values: { path: '${req.path}' }, remove: ['secret'] },
        },
        algoSettings: { type: 'RSAKPAlgoSettings', size: 256, certId: 'pair' },
      },
    })
    await route('changed', 'JwtVerification', { verifiers: ['changed'] })
    const token = hs256({ sub: 'a', secret: 's' })
    const got = await to('changed', {}, `/here?a=1&token=${token}`)
    assert.equal(got.status, 200, got.body)
    assert.equal(got.json.url, '/here?a=1')
    assert.deepEqual(claimsOf(got.json.headers['x-out']), { user: 'a', path: '/here' })
  })

  it('take secrets from expressions, and none when there is none', async () => {
    await verifier('absent', { algoSettings: hs('${env.NO_SUCH_VARIABLE_OF_TEST}') })
    await route('absent', 'JwtVerification', { verifiers: ['absent'] })
    for (const secret of [
      'no-env-var-NO_SUCH_VARIABLE_OF_TEST',
      'bad-expr',
      '${env.NO_SUCH_VARIABLE_OF_TEST}',
    ])
      assert.notEqual((await to('absent', { 'X-JWT-Token': hs256({}, secret) })).status, 200, secret)
  })

  it('are shown and refused over the admin API as other entities are', async () => {
    const bad = await gateway.admin('POST', VERIFIERS, { id: 'x', name: 'x', source: { type: 'InBody' } })
    assert.equal(bad.status, 400)
    const answer = await gateway.admin('GET', '/api/verifiers/strict')
    assert.equal(answer.json.algoSettings.type, 'HSAlgoSettings')
  })
})

describe('keys of a server', () => {
  const judged = async (id: string, settings: Json): Promise<void> => {
    await verifier(id, {
      algoSettings: settings,
      source: { type: 'InHeader', name: 'Authorization', remove: 'Bearer ' },
    })
    await route(id, 'JwtVerificationOnly', { verifier: id })
  }

  it('are fetched once per thread, whatever the number of calls', async () => {
    await judged('fetched', jwks('/jwks?fetched'))
    const headers = bearer(provider.token('first', { sub: 'a' }))
    assert.deepEqual(await outcomes('fetched', headers), ['200 passed'])
    assert.deepEqual(await outcomes('fetched', headers), ['200 passed'])
    const fetches = provider.calls('/jwks?fetched').length
    assert.ok(fetches >= 1 && fetches <= 2, `${fetches} fetches`)
  })

  it('that are new are found at once, made-up ones make no load', async () => {
    await judged('rotating', jwks('/jwks?rotating'))
    assert.deepEqual(await outcomes('rotating', bearer(provider.token('first', {}))), ['200 passed'])
    provider.publish('second')
    assert.deepEqual(await outcomes('rotating', bearer(provider.token('second', {}))), ['200 passed'])
    const before = provider.calls('/jwks?rotating').length
    for (let i = 0; i < 30; i++)
      assert.equal(reason(await to('rotating', bearer(rs256(pair.privateKey, `${i}`, {})))), '400 jwt.no_key')
    assert.ok(provider.calls('/jwks?rotating').length <= before + 2)
    assert.equal(reason(await to('rotating', bearer(rs256(pair.privateKey, 'first', {})))), '400 jwt.bad')
  })

  it('that were fetched serve on while the server is away', async () => {
    await judged('kept', jwks('/jwks?kept', { ttl: 1000 }))
    const headers = bearer(provider.token('first', {}))
    assert.deepEqual(await outcomes('kept', headers), ['200 passed'])
    provider.trouble = 'fails'
    await new Promise(resolve => setTimeout(resolve, 1100))
    assert.deepEqual(await outcomes('kept', headers), ['200 passed'])
    provider.trouble = 'none'
  })

  it('that cannot be had pass nobody, and tell the administrator', async () => {
    for (const trouble of ['hangs', 'fails', 'html', 'huge', 'redirects'] as const) {
      provider.trouble = trouble
      await judged(`trouble-${trouble}`, jwks(`/jwks?${trouble}`, { timeout: 300 }))
      const got = await to(`trouble-${trouble}`, bearer(provider.token('first', {})))
      assert.equal(reason(got), '400 jwt.no_key', trouble)
    }
    provider.trouble = 'none'
    assert.match(gateway.output, /keys of http:\/\/127\.0\.0\.1:\d+ could not be fetched/)
    assert.doesNotMatch(gateway.output, /jwks\?hangs/, 'the query may be a secret')
  })

  it('of an address that is none pass nobody', async () => {
    await judged('no-address', { ...jwks(''), url: 'file:///etc/passwd' })
    assert.equal(reason(await to('no-address', bearer(provider.token('first', {})))), '400 jwt.no_key')
  })
})

describe('tokens made here', () => {
  it('are signed for the backend', async () => {
    await verifier('making', {
      algoSettings: { type: 'RSAKPAlgoSettings', size: 256, certId: 'pair' },
      strategy: {
        type: 'DefaultToken',
        strict: true,
        token: { aud: 'orders', at: '${req.path}' },
        verificationSettings: plainFields,
      },
    })
    await route('signer', 'JwtSigner', { verifier: 'making', fail_if_present: true })
    const claims = claimsOf((await to('signer', {}, '/here')).json.headers['x-jwt-token'])
    assert.deepEqual([claims['aud'], claims['at'], claims['iss']], ['orders', '/here', 'Otoroshi'])
    assert.equal(reason(await to('signer', { 'X-JWT-Token': 'x' })), '400 jwt.present')
  })

  it('are encrypted for the backend, and decrypted', async () => {
    await route('jwe-signer', 'JweSigner', { certId: 'pair', metadata: { who: '${req.path}' } })
    const sent: string = (await to('jwe-signer', {}, '/me')).json.headers['x-jwt-token']
    const { plaintext } = await compactDecrypt(sent.slice(7), pair.privateKey)
    assert.equal(JSON.parse(Buffer.from(plaintext).toString()).who, '/me')
    await route('jwe', 'JweExtractor', { certId: 'pair', strict: true })
    const token = await new CompactEncrypt(Buffer.from('{"a":1}'))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' })
      .encrypt(pair.publicKey)
    assert.equal((await to('jwe', { 'X-JWT-Token': token })).json.headers['x-jwt-token'], '{"a":1}')
    assert.equal(reason(await to('jwe', { 'X-JWT-Token': '{"a":2}' })), '401 jwe.bad')
  })

  it('are never signed or decrypted with the key pair of another organization', async () => {
    const acme = { _loc: { tenant: 'acme', teams: ['default'] } }
    const gatewayPair = 'otoroshi-jwt-signing'
    const keyPair = (certId: string): Json => ({ type: 'RSAKPAlgoSettings', size: 256, certId })
    const made = (certId: string): Json => ({
      algoSettings: keyPair(certId),
      strategy: { type: 'DefaultToken', token: { sub: 'me' }, verificationSettings: plainFields },
    })
    for (const certId of ['pair', gatewayPair]) {
      await verifier(`own-${certId}`, made(certId))
      await verifier(`acme-${certId}`, { ...made(certId), ...acme })
      // Whose route it is makes no difference: the verifier is what somebody wrote.
      for (const [id, more] of [
        [`signs-${certId}`, {}],
        [`acme-signs-${certId}`, acme],
      ] as const) {
        await route(id, 'JwtSigner', { verifier: `acme-${certId}` }, more)
        assert.equal(reason(await to(id)), '400 jwt.not_configured')
      }
      await route(`own-signs-${certId}`, 'JwtSigner', { verifier: `own-${certId}` })
      assert.equal(claimsOf((await to(`own-signs-${certId}`)).json.headers['x-jwt-token'])['sub'], 'me')
    }
    // So do the tokens of the protocol and the strategies that sign.
    await verifier('acme-signs-anew', {
      ...acme,
      strategy: { type: 'Sign', verificationSettings: plainFields, algoSettings: keyPair('pair') },
    })
    await route('acme-anew', 'JwtVerification', { verifiers: ['acme-signs-anew'] }, acme)
    assert.equal(reason(await to('acme-anew', { 'X-JWT-Token': hs256({ sub: 'x' }) })), '400 jwt.cannot_sign')
    await route('acme-info', 'OtoroshiInfos', { algo: keyPair(gatewayPair) }, acme)
    assert.match(reason(await to('acme-info')), / challenge\.no_key$/)
    // Public halves serve everybody, private ones decrypt nothing of others.
    await verifier('acme-verifies', { ...acme, algoSettings: keyPair('pair') })
    await route('acme-verified', 'JwtVerification', { verifiers: ['acme-verifies'] }, acme)
    const signed = rs256(pair.privateKey, 'pair', { exp: soon() })
    assert.equal(reason(await to('acme-verified', { 'X-JWT-Token': signed })), '200 passed')
    await route('acme-jwe', 'JweExtractor', { certId: 'pair', strict: true }, acme)
    const encrypted = await new CompactEncrypt(Buffer.from('{"a":1}'))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256' })
      .encrypt(pair.publicKey)
    assert.match(reason(await to('acme-jwe', { 'X-JWT-Token': encrypted })), /^400 /)
  })
})

describe('access tokens of a provider', () => {
  const good = (): string => provider.token('first', { sub: 'ada', scope: 'read', exp: soon() })

  it('are verified with the keys of the auth module', async () => {
    await route('oidc', 'OIDCJwtVerifier', { ref: 'idp' })
    assert.equal((await to('oidc', bearer(good()))).status, 200)
    assert.equal((await to('oidc', {}, `/?access_token=${good()}`)).status, 200)
    assert.equal(reason(await to('oidc')), '400 jwt.missing')
    assert.equal(reason(await to('oidc', bearer(rs256(pair.privateKey, 'first', {})))), '400 jwt.bad')
    assert.equal(reason(await to('oidc', bearer(good()), '/?access_token=another')), '400 jwt.bad')
  })

  it('must be active, with the scopes that are asked for', async () => {
    const config = { oidcConfigRef: 'idp', scopes: ['read'] }
    await route('validated', 'OIDCAccessTokenValidator', { config })
    assert.equal((await to('validated', bearer(good()))).status, 200)
    assert.match(
      provider.calls('/introspect').at(-1)!.body,
      /^token=.+&client_id=gateway&client_secret=of\+the\+gateway$/,
    )
    provider.introspection = { active: false }
    assert.equal(reason(await to('validated', bearer(good()))), '400 oauth.refused')
    provider.introspection = { active: true }
    const unscoped = provider.token('first', { sub: 'ada' })
    assert.equal(reason(await to('validated', bearer(unscoped))), '400 oauth.refused')
  })

  it('make users of the call', async () => {
    await route('user', 'OIDCAuthToken', { ref: 'idp' })
    assert.equal((await to('user', bearer('opaque'))).status, 200)
    const { method, headers: shown, body } = provider.calls('/userinfo').at(-1)!
    assert.deepEqual([method, shown.authorization, body], ['GET', 'Bearer opaque', ''])
    assert.equal(reason(await to('user')), '401 oauth.refused')
    const { profile } = provider
    provider.profile = {}
    assert.deepEqual(await outcomes('user', bearer('of nobody')), ['401 oauth.refused'])
    provider.profile = profile
    await verifier('people', { source: { type: 'InHeader', name: 'Authorization', remove: 'Bearer ' } })
    await gateway.route({
      id: 'extracted',
      name: 'extracted',
      frontend: { domains: ['extracted.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [
        {
          plugin: 'cp:otoroshi.next.plugins.NgJwtUserExtractor',
          config: { verifier: 'people', namePath: 'who.name' },
        },
        { plugin: 'cp:otoroshi.next.plugins.OIDCHeaders', config: { profile: {} } },
        {
          plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersIn',
          config: {
            headers: { 'X-User': '${user.name}', 'X-Claim': '${token.level}', 'X-In': '${in_jwt.level}' },
          },
        },
      ],
    })
    const token = hs256({ who: { name: 'Ada' }, level: 3 })
    const { headers } = (await to('extracted', bearer(token))).json
    assert.deepEqual([headers['x-user'], headers['x-claim'], headers['x-in']], ['Ada', '3', '3'])
    assert.equal(headers['x-oidc-user'], '{"who":{"name":"Ada"},"level":3}')
    const refused = await to('extracted', { 'X-OIDC-User': '{"admin":true}' })
    assert.equal(reason(refused), '401 oauth.refused')
    assert.equal(refused.json.error, 'unauthorized')
  })

  it('stand for keys whose calls count, or do not, as the settings say', async () => {
    for (const [id, quotasEnabled] of [
      ['token-counted', true],
      ['token-free', false],
    ] as const) {
      const rule = { oidcConfigRef: 'idp', localVerificationOnly: true, throttlingQuota: 2, quotasEnabled }
      await gateway.route({
        id,
        name: id,
        frontend: { domains: [`${id}.test`] },
        backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
        plugins: ['OIDCAccessTokenAsApikey', 'ApikeyCalls', 'ApikeyQuotas'].map((name, at) => ({
          plugin: `cp:otoroshi.next.plugins.${name}`,
          config: at === 0 ? { config: rule } : {},
        })),
      })
      const seen: string[] = []
      for (let i = 0; i < 4; i++) seen.push(reason(await to(id, bearer(good()))))
      const over = '429 apikey.quotas_exceeded'
      assert.deepEqual(seen.slice(0, 2), ['200 passed', '200 passed'])
      assert.deepEqual(seen.slice(2), quotasEnabled ? [over, over] : ['200 passed', '200 passed'])
    }
  })

  it('are exchanged for others', async () => {
    await route('exchanged', 'OAuth2TokenExchange', {
      ref: 'idp',
      exchange: { audience: 'orders' },
      call_timeout_ms: 500,
    })
    const got = await to('exchanged', bearer(good()))
    assert.equal(got.json.headers.authorization, 'Bearer made-for-the-backend')
    assert.equal(new URLSearchParams(provider.calls('/token').at(-1)!.body).get('audience'), 'orders')
    // The keys stay within reach: the other thread may not have them yet.
    provider.troubled = '/token'
    provider.trouble = 'hangs'
    assert.deepEqual(await outcomes('exchanged', bearer(good())), ['502 oauth.failed'])
    provider.trouble = 'none'
    provider.troubled = '/'
    assert.equal(reason(await to('exchanged')), '401 jwt.missing')
    const asked = provider.calls('/token').length
    const acme = { _loc: { tenant: 'acme', teams: ['default'] } }
    await route('acme-exchanged', 'OAuth2TokenExchange', { ref: 'idp' }, acme)
    assert.equal((await to('acme-exchanged', bearer(good()))).status, 400)
    assert.equal(provider.calls('/token').length, asked)
  })

  it('are described for clients', async () => {
    await route('described', 'OAuthProtectedResourceMetadata', {
      ref: 'idp',
      scopes_supported: ['read'],
      signed_metadata: true,
      signing_cert_ref: 'pair',
    })
    const { json } = await to('described')
    assert.deepEqual([json.resource, json.authorization_servers], ['http://described.test/', [provider.url]])
    assert.equal(claimsOf(json.signed_metadata)['iss'], 'http://described.test/')
  })
})

describe('settings that are wrong', () => {
  const closed: Readonly<Record<string, readonly [plugin: string, config: Json, path: string]>> = {
    a: ['JwtVerification', { verifiers: 'one' }, 'verifiers'],
    b: ['JwtVerificationOnly', { custom_response_status: 99 }, 'custom_response_status'],
    c: ['JwtSigner', { fail_if_present: 'yes' }, 'fail_if_present'],
    d: ['JweSigner', { keyManagementAlgorithm: 'RSA1_5' }, 'keyManagementAlgorithm'],
    e: ['JweExtractor', { source: { type: 'InBody', name: 'x' } }, 'source.type'],
    f: ['OIDCJwtVerifier', { source: { type: 'InHeader' } }, 'source.name'],
    g: ['OIDCAccessTokenValidator', { config: { scopes: 'read' } }, 'config'],
    h: ['OIDCAuthToken', { opaque: 1 }, 'opaque'],
    i: ['OIDCHeaders', { idToken: { send: 'x' } }, 'idToken.send'],
    j: ['NgJwtUserExtractor', { strict: null, strip: 'x' }, 'strip'],
    k: ['OAuth2TokenExchange', { cache_ttl_ms: -1 }, 'cache_ttl_ms'],
    l: ['OAuthProtectedResourceMetadata', { signing_alg: 'HS256' }, 'signing_alg'],
  }
  for (const [id, [plugin, config, path]] of Object.entries(closed))
    it(`close the route and name what is wrong: ${plugin}`, async () => {
      await route(`closed-${id}`, plugin, config)
      const got = await to(`closed-${id}`)
      assert.match(reason(got), /^503 plugin\.invalid_config/)
      const { json } = await gateway.admin('GET', `/api/routes/closed-${id}/_status`)
      assert.equal(json.healthy, false)
      assert.ok(json.faults[0].message.includes(`${path}: `), json.faults[0].message)
    })
})
