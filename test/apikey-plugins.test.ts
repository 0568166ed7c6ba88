/** The plugins around API keys: tokens for keys, keys in place of logins, tags and metadata, secrets that rotate. */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'
import { until } from './support/wait.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
const plugin = (name: string, config: object = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })

let gateway: TestGateway
let backend: Backend
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-alerts-'))
const alertsFile = join(folder, 'alerts.log')

const route = (id: string, ...plugins: object[]) =>
  gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins,
  })
const got = (id: string, path = '/', options: CallOptions = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)
const outcome = ({ status, headers }: Got): string =>
  status === 200 ? '200' : `${status} ${String(headers['otoroshi-error-reason']).split(';')[0]}`
const basic = (id: string, secret = `${id}-secret`) => ({
  Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

async function key(id: string, more: object = {}): Promise<void> {
  const answer = await gateway.admin('POST', KEYS, {
    clientId: id,
    clientSecret: `${id}-secret`,
    clientName: id,
    authorizedEntities: ['group_default'],
    ...more,
  })
  assert.equal(answer.status, 201, answer.text)
}

async function refused(id: string, bad: object, place: RegExp): Promise<void> {
  await route(id, bad)
  assert.equal(outcome(await got(id)).slice(0, 11), '503 plugin.')
  const { json } = await gateway.admin('GET', `/api/routes/${id}/_status`)
  assert.match(JSON.stringify(json.faults), place)
}

const form = (body: Record<string, string>, headers: Record<string, string> = {}): CallOptions => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
  body: new URLSearchParams(body).toString(),
})
const grant = { grant_type: 'client_credentials' }

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
    id: 'alerts',
    name: 'alerts',
    enabled: true,
    type: 'file',
    groupSize: 1,
    groupDuration: 20,
    filtering: { include: [{ '@type': 'AlertEvent' }], exclude: [] },
    config: { path: alertsFile, maxFileSize: 10_000_000 },
  })
})
after(async () => {
  await gateway.stop()
  await backend.close()
  rmSync(folder, { recursive: true })
})

/** Alerts of a name so far, once there is one. */
async function alerts(name: string, id: string): Promise<Record<string, unknown>[]> {
  const read = (): Record<string, unknown>[] => {
    try {
      return readFileSync(alertsFile, 'utf8')
        .split('\r\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as Record<string, unknown>)
        .filter(event => event['alert'] === name && JSON.stringify(event).includes(id))
    } catch {
      return []
    }
  }
  await until(`there is an alert ${name}`, () => read().length > 0)
  return read()
}

describe('a token endpoint', () => {
  it('gives tokens that open the routes of the key', async () => {
    await route('tokens', plugin('NgClientCredentialTokenEndpoint', { expiration: 60_000 }))
    await route('api', plugin('ApikeyCalls'))
    await key('machine', { metadata: { scope: 'read write' } })
    const answer = await got('tokens', '/oauth/token', form({ ...grant, scope: 'read' }, basic('machine')))
    assert.equal(answer.status, 200, answer.body)
    assert.deepEqual(
      [answer.json.token_type, answer.json.expires_in, answer.json.scope],
      ['Bearer', 60, 'read'],
    )
    const headers = { Authorization: `Bearer ${answer.json.access_token}` }
    const used = await got('api', '/x', { headers })
    assert.equal(used.status, 200)
    assert.equal(used.json.headers.authorization, undefined)
    const wrong = await got('tokens', '/', form(grant, basic('machine', 'x')))
    assert.equal(outcome(wrong), '401 oauth.denied')
    assert.equal(wrong.json.error, 'access_denied')
    assert.equal(
      outcome(await got('tokens', '/', form({ ...grant, scope: 'root' }, basic('machine')))),
      '403 oauth.scope_not_granted',
    )
    const twice = await got('tokens', '/', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...basic('machine') },
      body: '{"grant_type":"password","grant_type":"client_credentials"}',
    })
    assert.equal(twice.status, 400, 'RFC 6749, 3.2: in JSON, too')
    assert.equal(outcome(await got('tokens', '/')), '401 oauth.denied')
    await refused(
      'tokens-bad',
      plugin('NgClientCredentialTokenEndpoint', { expiration: 'never' }),
      /expiration/,
    )
  })

  it('signs with a stored key pair, which its JWKS shows', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const created = await gateway.admin('POST', '/apis/pki.otoroshi.io/v1/certificates', {
      id: 'otoroshi-jwt-signing',
      domain: 'tokens',
      name: 'tokens',
      description: 'signs tokens',
      chain: publicKey.export({ type: 'spki', format: 'pem' }),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      keypair: true,
    })
    assert.equal(created.status, 201, created.text)
    const { json: config } = await gateway.admin('GET', '/api/globalconfig')
    const set = async (settings: object) => {
      const ng = [plugin('NgClientCredentials', settings)]
      const put = { ...config, plugins: { ...config.plugins, config: { ...config.plugins?.config, ng } } }
      assert.equal((await gateway.admin('PUT', '/api/globalconfig', put)).status, 200)
    }
    await set({ domain: 'login.test' })
    const path = '/.well-known/otoroshi/oauth'
    const insecure = await got('login', `${path}/token`, form(grant, basic('machine')))
    assert.equal(outcome(insecure), '400 oauth.insecure')
    const https = { 'X-Forwarded-Proto': 'https' }
    const given = await got('login', `${path}/token`, form(grant, { ...https, ...basic('machine') }))
    assert.equal(given.status, 200, given.body)
    const [head, claims, signature] = given.json.access_token.split('.')
    assert.equal(JSON.parse(Buffer.from(head, 'base64url').toString()).kid, 'otoroshi-jwt-signing')
    assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).iss, 'https://login.test')
    const { json: jwks } = await got('login', `${path}/jwks.json`, { headers: https })
    const jwk = jwks.keys.find(({ kid }: { kid: string }) => kid === 'otoroshi-jwt-signing')
    assert.equal(jwk.d, undefined)
    const shown = createPublicKey({ key: jwk, format: 'jwk' })
    assert.ok(verify('sha256', Buffer.from(`${head}.${claims}`), shown, Buffer.from(signature, 'base64url')))
    const headers = { Authorization: `Bearer ${given.json.access_token}` }
    assert.equal(outcome(await got('api', '/', { headers })), '200')
    const told = await got(
      'login',
      `${path}/token/introspect`,
      form({ token: given.json.access_token }, https),
    )
    assert.deepEqual([told.status, told.json.clientId, told.json.active], [200, 'machine', true])
    const forged = await got(
      'login',
      `${path}/token/introspect`,
      form({ token: `${head}.${claims}.AAAA` }, https),
    )
    assert.equal(outcome(forged), '401 oauth.denied')
    assert.equal(outcome(await got('login', `${path}/revoke`, form({}, https))), '404 not_found')
    assert.equal(outcome(await got('other', `${path}/jwks.json`, { headers: https })), '404 route.not_found')
    await set({ enabled: false, expiration: 0 })
    assert.match(outcome(await got('login', `${path}/jwks.json`)), /^503 plugin\.invalid_config/)
    await gateway.admin('PUT', '/api/globalconfig', config)
    assert.equal(outcome(await got('login', `${path}/jwks.json`)), '404 route.not_found')
  })
})

describe('a login with a key', () => {
  it('asks browsers, leaves the key for others and keeps its secret from the backend', async () => {
    await route('login-page', plugin('ApikeyAuthModule', { realm: 'shop' }), plugin('NgExpectedConsumer'))
    await key('person')
    const asked = await got('login-page')
    assert.equal(asked.status, 401)
    assert.equal(asked.headers['www-authenticate'], 'Basic realm="shop"')
    assert.equal(outcome(await got('login-page', '/', { headers: basic('person') })), '200')
    const passed = backend.seen.at(-1)!
    assert.equal(passed.headers.authorization, undefined, 'the backend is not told the secret')
    const caller = plugin('BasicAuthCaller', { username: 'gateway', password: 'p' })
    await route('login-called', caller, plugin('ApikeyAuthModule'))
    assert.equal(outcome(await got('login-called', '/', { headers: basic('person') })), '200')
    assert.equal(
      backend.seen.at(-1)!.headers.authorization,
      basic('gateway', 'p').Authorization,
      'what another plugin shows the backend stays',
    )
    assert.equal(
      outcome(await got('login-page', '/', { headers: basic('person', 'x') })),
      '401 apikey.login_needed',
    )
    await refused(
      'login-bad',
      plugin('ApikeyAuthModule', { matcher: { one_tag_in: 'x' } }),
      /matcher\.one_tag_in/,
    )
  })
})

describe('tags and metadata of keys', () => {
  it('are asked for', async () => {
    await route('tagged', plugin('ApikeyCalls'), plugin('NgApikeyMandatoryTags', { tags: ['a'] }))
    await route(
      'described',
      plugin('ApikeyCalls'),
      plugin('NgApikeyMandatoryMetadata', { metadata: { plan: 'gold' } }),
    )
    await key('plain')
    await key('rich', { tags: ['a'], metadata: { plan: 'gold' } })
    assert.equal(outcome(await got('tagged', '/', { headers: basic('rich') })), '200')
    assert.equal(outcome(await got('tagged', '/', { headers: basic('plain') })), '403 apikey.tags_missing')
    assert.equal(outcome(await got('described', '/', { headers: basic('rich') })), '200')
    assert.equal(
      outcome(await got('described', '/', { headers: basic('plain') })),
      '403 apikey.metadata_missing',
    )
    await route('tagged-default', plugin('NgApikeyMandatoryTags'), plugin('NgApikeyMandatoryMetadata'))
    assert.equal(outcome(await got('tagged-default')), '200')
    await refused('tagged-bad', plugin('NgApikeyMandatoryTags', { tags: [1] }), /tags\.0/)
    await refused('described-bad', plugin('NgApikeyMandatoryMetadata', { metadata: { a: 1 } }), /metadata\.a/)
  })

  it('are asked for behind the legacy plugin, too', async () => {
    const patterns = { public_patterns: ['/open.*'], private_patterns: ['/open/not'] }
    await route(
      'legacy',
      plugin('NgLegacyApikeyCall', patterns),
      plugin('NgApikeyMandatoryTags', { tags: ['a'] }),
    )
    assert.equal(outcome(await got('legacy', '/open/x')), '200')
    assert.equal(outcome(await got('legacy', '/open/not')), '400 apikey.missing')
    assert.equal(outcome(await got('legacy', '/', { headers: basic('plain') })), '403 apikey.tags_missing')
    assert.equal(outcome(await got('legacy', '/', { headers: basic('rich') })), '200')
    await route('legacy-default', plugin('NgLegacyApikeyCall'))
    assert.equal(outcome(await got('legacy-default')), '400 apikey.missing')
    await refused(
      'legacy-bad',
      plugin('NgLegacyApikeyCall', { private_patterns: ['('] }),
      /private_patterns\.0/,
    )
  })
})

describe('an access token as a key', () => {
  it('stands for a key that is stored where the settings say so', async () => {
    const secret = 'shared with the provider'
    const created = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', {
      type: 'oauth2',
      id: 'provider',
      name: 'provider',
      clientId: 'gateway',
      clientSecret: 'of the gateway',
      jwtVerifier: { type: 'HSAlgoSettings', size: 256, secret, base64: false },
    })
    assert.equal(created.status, 201, created.text)
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const bearer = (claims: object, by = secret) => {
      const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
      return {
        Authorization: `Bearer ${signed}.${createHmac('sha256', by).update(signed).digest('base64url')}`,
      }
    }
    const config = {
      oidcConfigRef: 'provider',
      localVerificationOnly: true,
      mode: 'Persistent',
      roles: ['buyer'],
    }
    await route('oidc', plugin('OIDCAccessTokenAsApikey', { config }), plugin('ApikeyCalls'))
    const good = bearer({ sub: 'ada', roles: ['buyer'] })
    assert.equal(outcome(await got('oidc', '/', { headers: good })), '200')
    const made = await gateway.admin('GET', `${KEYS}/oidc-provider-ada`)
    assert.deepEqual(made.json.authorizations, [{ kind: 'route', id: 'oidc' }])
    const all = await Promise.all(Array.from({ length: 12 }, () => got('oidc', '/', { headers: good })))
    assert.deepEqual([...new Set(all.map(outcome))], ['200'])
    for (const headers of [bearer({ sub: 'ada' }), bearer({ sub: 'ada', roles: ['buyer'] }, 'x'), {}])
      assert.equal(outcome(await got('oidc', '/', { headers })).slice(0, 10), '400 apikey')
    const post = () => got('oidc', '/', { method: 'POST', headers: good })
    assert.equal(outcome(await post()), '200')
    await gateway.admin('PATCH', `${KEYS}/oidc-provider-ada`, { readOnly: true })
    assert.equal(
      outcome(await post()),
      '405 method_not_allowed',
      'what the key may not do, its token may not',
    )
    await gateway.admin('PATCH', `${KEYS}/oidc-provider-ada`, { enabled: false, readOnly: false })
    assert.equal(
      outcome(await got('oidc', '/', { headers: good })).slice(0, 10),
      '400 apikey',
      'disabled is out',
    )
    await route('oidc-default', plugin('OIDCAccessTokenAsApikey'))
    assert.equal(outcome(await got('oidc-default')), '200')
    await refused('oidc-bad', plugin('OIDCAccessTokenAsApikey', { config: { mode: 'Forever' } }), /config/)
  })
})

describe('a certificate as a key', () => {
  it('makes none where no certificate was verified', async () => {
    await route('mtls', plugin('NgCertificateAsApikey'), plugin('ApikeyCalls'))
    assert.equal(outcome(await got('mtls')), '400 apikey.missing')
    await refused('mtls-bad', plugin('NgCertificateAsApikey', { daily_quota: -1 }), /daily_quota/)
  })
})

describe('the use of a key that is no good', () => {
  it('raises an alert without what stood in the query', async () => {
    await key('leaver', { enabled: false })
    const secret = encodeURIComponent(Buffer.from('leaver:leaver-secret').toString('base64'))
    assert.equal(outcome(await got('api', `/path?basic_auth=${secret}`)), '401 apikey.bad')
    const [alert] = await alerts('RevokedApiKeyUsageAlert', 'leaver')
    assert.equal(alert?.['uri'], '/path')
    assert.equal(alert?.['@serviceId'], 'api')
    const told = alert?.['apiKey'] as Record<string, unknown>
    assert.deepEqual(Object.keys(told), ['clientId', 'clientName', 'metadata', 'tags'])
    assert.equal(told['clientId'], 'leaver')
    assert.doesNotMatch(readFileSync(alertsFile, 'utf8'), /leaver-secret|bGVhdmVy/)
  })
})

describe('a secret that rotates', () => {
  it('is announced, accepted beside the next one, exchanged, and told of', async () => {
    await route('rotating', plugin('ApikeyCalls'), plugin('SendOtoroshiHeadersBack'))
    // Hours: a life of 12 seconds, the last 11 of which are grace.
    await key('turning', { rotation: { enabled: true, rotationEvery: 12 / 3600, gracePeriod: 11 / 3600 } })
    const stored = async () => (await gateway.admin('GET', `${KEYS}/turning`)).json
    const next: string = await until(
      'the next secret is there',
      async () => (await stored()).rotation.nextSecret,
      30_000,
    )
    const first = await got('rotating', '/', { headers: basic('turning') })
    if ((await stored()).clientSecret === 'turning-secret') {
      assert.equal(outcome(first), '200')
      assert.match(String(first.headers['otoroshi-apikey-rotation-at']), /^\d{4}-\d\d-\d\dT/)
      assert.match(String(first.headers['otoroshi-apikey-rotation-remaining']), /^\d+$/)
    }
    assert.equal(outcome(await got('rotating', '/', { headers: basic('turning', next) })), '200')
    await until('the secret is exchanged', async () => (await stored()).clientSecret === next, 30_000)
    assert.equal(outcome(await got('rotating', '/', { headers: basic('turning') })), '401 apikey.bad')
    const stop = await gateway.admin('PATCH', `${KEYS}/turning`, { rotation: { enabled: false } })
    assert.equal(stop.status, 200)
    assert.equal(
      outcome(await got('rotating', '/', { headers: basic('turning', stop.json.clientSecret) })),
      '200',
    )
    const will = await alerts('ApiKeySecretWillRotate', 'turning')
    const has = await alerts('ApiKeySecretHasRotated', 'turning')
    assert.ok(will.length >= 1 && will.length <= has.length + 1, 'once a phase')
    assert.doesNotMatch(JSON.stringify([will, has]), new RegExp(`turning-secret|${next}`))
  })
})
