/** Plugins that sign what goes to the backend, and who is told who the client is, driven through a running gateway. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { oauth1Signature, signatureBase } from '../src/plugins/auth/oauth1-signature.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'

let gateway: TestGateway
let backend: Backend
/** Answers 401 to a token it was told to refuse. */
let guarded: Backend
let server: Backend
let refused = ''
let issued = 0

before(async () => {
  gateway = await startGateway({ threads: 1 })
  backend = await startBackend()
  guarded = await startBackend((seen, response) => {
    const { authorization = '' } = seen.headers
    response.statusCode = authorization === `Bearer ${refused}` ? 401 : 200
    response.end(JSON.stringify({ authorization }))
  })
  server = await startBackend((seen, response) => {
    const form = new URLSearchParams(seen.body)
    if (form.get('client_secret') !== 'right') {
      response.statusCode = 401
      response.end('{"error":"invalid_client","error_description":"the secret is right"}')
    } else response.end(JSON.stringify({ access_token: `t${++issued}`, expires_in: 3600 }))
  })
  const url = `http://127.0.0.1:${server.port}/token`
  const oauth1 = {
    consumerKey: 'ck',
    consumerSecret: 'cs',
    token: 'tk',
    tokenSecret: 'ts',
    algo: 'HMAC-SHA256',
  }
  const routes: [string, Backend, string, object?][] = [
    ['basic', backend, 'BasicAuthCaller', { username: 'u', password: 'p' }],
    ['basic-default', backend, 'BasicAuthCaller'],
    ['one', backend, 'OAuth1Caller', oauth1],
    ['one-default', backend, 'OAuth1Caller'],
    ['two', guarded, 'OAuth2Caller', { url, clientId: 'me', clientSecret: 'right' }],
    ['two-wrong', backend, 'OAuth2Caller', { url, clientId: 'me', clientSecret: 'wrong' }],
    ['two-default', backend, 'OAuth2Caller', { timeout: 1000, url: 'http://127.0.0.1:1/token' }],
    ['module', guarded, 'OAuth2AuthModuleCaller', { ref: 'idp', headerValueFormat: 'Bearer %s' }],
    ['module-default', backend, 'OAuth2AuthModuleCaller'],
    ['module-kind', guarded, 'OAuth2Caller', { kind: 'auth_module', authModRef: 'idp' }],
    ['hmac', backend, 'HMACCaller', { secret: 'shared', authorizationHeader: 'X-Signature' }],
    ['hmac-default', backend, 'HMACCaller'],
    ['checked', backend, 'HMACValidator', { secret: 'shared', authorizationHeader: 'X-Signature' }],
    ['checked-default', backend, 'HMACValidator'],
    ['certificate', backend, 'NgRfc9440ClientCertHeader'],
    ['certificate-alone', backend, 'NgRfc9440ClientCertHeader', { send_chain: false }],
  ]
  const module = {
    id: 'idp',
    name: 'idp',
    type: 'oauth2',
    tokenUrl: url,
    clientId: 'me',
    clientSecret: 'right',
  }
  const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', module)
  assert.equal(made.status, 201, made.text)
  for (const [id, target, name, config] of routes)
    await gateway.route(pluginRoute(id, target, [[name, config]]))
})
after(async () => {
  await gateway.stop()
  for (const each of [backend, guarded, server]) await each.close()
})

const get = (id: string, options: CallOptions = {}, path = '/'): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)

async function isRefused(id: string, status: number, reason: string, body: object): Promise<void> {
  const seen = backend.seen.length
  const got = await get(id)
  assert.equal(got.status, status, got.body)
  assert.equal(got.headers['otoroshi-error-reason'], reason)
  assert.deepEqual(got.json, body)
  assert.equal(backend.seen.length, seen)
}

describe('a backend that wants basic credentials', () => {
  it('gets those of the settings', async () => {
    const { json } = await get('basic', { headers: { Authorization: 'Bearer of-the-client' } })
    assert.equal(json.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
    await isRefused('basic-default', 400, 'caller.bad_config', { error: 'Bad configuration' })
  })
})

describe('a backend that wants OAuth 1.0', () => {
  it('gets a signature it can verify', async () => {
    const { json } = await get('one', {}, '/a?b=1')
    const fields = [...json.headers.authorization.slice(6).matchAll(/(\w+)="([^"]*)"/g)].map(
      ([, name, value]): [string, string] => [name!, decodeURIComponent(value!)],
    )
    const signature = fields.find(([name]) => name === 'oauth_signature')![1]
    const parameters = [...fields.filter(([name]) => name !== 'oauth_signature'), ['b', '1'] as const]
    const base = signatureBase('GET', `http://${json.headers.host}/a`, parameters)
    assert.equal(signature, oauth1Signature('HMAC-SHA256', base, 'cs', 'ts'))
    await isRefused('one-default', 400, 'caller.bad_config', { error: 'Bad parameters' })
  })
})

describe('a backend that wants OAuth 2.0', () => {
  it('gets a token that is fetched once', async () => {
    const tokens = await Promise.all([get('two'), get('two'), get('two')])
    assert.deepEqual(new Set(tokens.map(({ json }) => json.authorization)), new Set(['Bearer t1']))
    const [asked] = server.seen
    assert.equal(new URLSearchParams(asked!.body).get('grant_type'), 'client_credentials')
  })

  it('passes its 401 on where it takes a token for bad', async () => {
    refused = `t${issued}`
    assert.equal((await get('two')).status, 401)
    refused = ''
    assert.match((await get('two')).json.authorization, /^Bearer t\d$/)
  })

  it('gets a token by the settings of an auth module, as they are now', async () => {
    for (const id of ['module', 'module-kind'])
      assert.match((await get(id)).json.authorization, /^Bearer t\d$/)
    const error = { error: 'auth. module not found or not an OAuth2 module' }
    await isRefused('module-default', 400, 'caller.bad_config', error)
    // Whoever writes a route in another organization gets no tokens of this module sent to a backend of his.
    const acme = { _loc: { tenant: 'acme', teams: ['default'] } }
    await gateway.route({
      ...pluginRoute('acme', guarded, [['OAuth2AuthModuleCaller', { ref: 'idp' }]]),
      ...acme,
    })
    await isRefused('acme', 400, 'caller.bad_config', {
      error: 'auth. module belongs to another organization',
    })
    const path = '/apis/security.otoroshi.io/v1/auth-modules/idp'
    const { json } = await gateway.admin('GET', path)
    assert.equal((await gateway.admin('PUT', path, { ...json, clientSecret: 'wrong' })).status, 200)
    assert.equal((await get('module')).status, 401)
  })

  it('is not called without one', async () => {
    await isRefused('two-wrong', 401, 'caller.no_token', {
      error: 'unauthorized',
      error_description: 'invalid_client',
      error_status: 401,
    })
    await isRefused('two-default', 401, 'caller.no_token', {
      error: 'unauthorized',
      error_description: 'no access token',
      error_status: 0,
    })
  })
})

describe('an HMAC', () => {
  it('made by one route is taken by another', async () => {
    const { json } = await get('hmac')
    const { date, 'x-signature': signature } = json.headers
    const expected = createHmac('sha512', 'shared').update(date).digest('base64')
    assert.equal(signature, `hmac algorithm="hmac-sha512", headers="Date", signature="${expected}"`)
    const headers = { Date: date, 'X-Signature': signature }
    assert.equal((await get('checked', { headers })).status, 200)
    const later = { ...headers, Date: String(Number(date) + 1) }
    const got = await get('checked', { headers: later })
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [400, 'hmac.refused'])
    await isRefused('hmac-default', 400, 'caller.bad_config', { error: 'Bad parameters' })
    await isRefused('checked-default', 400, 'hmac.refused', { 'Otoroshi-Error': 'Bad request' })
  })
})

describe('the certificate of the client', () => {
  it('is never told by the client itself', async () => {
    const headers = { 'Client-Cert': ':AA==:', 'Client-Cert-Chain': ':AA==:' }
    for (const id of ['certificate', 'certificate-alone']) {
      const { json } = await get(id, { headers })
      assert.deepEqual(
        [json.headers['client-cert'], json.headers['client-cert-chain']],
        [undefined, undefined],
      )
    }
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'BasicAuthCaller', { username: 'a:b', password: 'c' }, /username/)
  await closes(gateway, backend, 'OAuth1Caller', { algo: 'RSA-SHA1' }, /algo/)
  await closes(gateway, backend, 'OAuth2Caller', { url: 'https://${req.headers.x}/' }, /url/)
  await closes(gateway, backend, 'OAuth2AuthModuleCaller', { cacheTokenSeconds: -1 }, /cacheTokenSeconds/)
  await closes(gateway, backend, 'HMACCaller', { algo: 'MD5' }, /algo/)
  await closes(gateway, backend, 'HMACValidator', { max_age_seconds: 'x' }, /max_age_seconds/)
  await closes(gateway, backend, 'NgRfc9440ClientCertHeader', { send_chain: 1 }, /send_chain/)
})
