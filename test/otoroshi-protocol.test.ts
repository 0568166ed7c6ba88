/** The exchange between gateway and backends, with backends as people write them. */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type BackendSettings, verifyOtoroshiRequest } from 'otoroshi/backend'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { until } from './support/wait.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
const ROUTES = '/apis/proxy.otoroshi.io/v1/routes'
const CERTIFICATES = '/apis/pki.otoroshi.io/v1/certificates'
const SECRET = 'shared by the two'

const plugin = (name: string, config: object = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })
const hmac = (secret = SECRET) => ({ type: 'HSAlgoSettings', size: 512, secret })
const challenge = (more: object = {}) =>
  plugin('OtoroshiChallenge', { algo_to_backend: hmac(), algo_from_backend: hmac(), ...more })
const infos = (more: object = {}) => plugin('OtoroshiInfos', { algo: hmac(), ...more })

let gateway: TestGateway
let echo: Backend
/** How the backend answers the challenge. */
let answering: (request: IncomingMessage, response: ServerResponse) => void
let server: Server
let port = 0
/** Requests the backend got. */
let asked = 0

before(async () => {
  gateway = await startGateway({
    threads: 2,
    env: { SHARED_IN_ENV: SECRET, OTOROSHI_SECRET: 'the master secret' },
  })
  echo = await startBackend()
  server = createServer((request, response) => {
    asked++
    answering(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  for (const [clientId, more] of [
    ['caller', { metadata: { plan: 'gold' }, tags: ['t'] }],
    ['other', {}],
  ] as const)
    assert.equal(
      (
        await gateway.admin('POST', KEYS, {
          clientId,
          clientSecret: 'caller-secret',
          clientName: `The ${clientId}`,
          authorizedEntities: ['group_default'],
          ...more,
        })
      ).status,
      201,
    )
})
after(async () => {
  await gateway.stop()
  await echo.close()
  server.closeAllConnections()
  server.close()
})

/** A route whose host is `<id>.test`. */
async function route(id: string, plugins: object[], to = port, more: object = {}): Promise<void> {
  await gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: to }], ...more },
    plugins,
  })
}
const keyed = { Authorization: `Basic ${Buffer.from('caller:caller-secret').toString('base64')}` }
const get = (id: string, path = '/', headers: Record<string, string> = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, { headers })
const reason = ({ status, headers }: Got): string =>
  `${status} ${headers['otoroshi-error-reason'] ?? ''}`.trim()

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
function token(claims: object, secret = SECRET, alg = 'HS512'): string {
  const text = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(text)
    .digest('base64url')}`
}
const claimsIn = (text: string) => JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString())
const header = (request: IncomingMessage, name: string): string => String(request.headers[name])

/** A conforming backend that greets whoever calls. */
function conforming(settings: BackendSettings): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const caller = verifyOtoroshiRequest(request, settings)
    if (!caller.ok) {
      response.writeHead(caller.status).end(caller.reason)
      return
    }
    response.writeHead(200, { 'Content-Type': 'application/json', ...caller.headers })
    response.end(JSON.stringify({ claims: caller.claims, apikey: caller.apikey }))
  }
}

describe('a conforming backend', () => {
  before(() => route('good', [plugin('ApikeyCalls'), challenge(), infos()]))

  it('knows who calls, and its answer reaches the client without the answer to the challenge', async () => {
    answering = conforming({ secret: SECRET, route: 'good' })
    const got = await get('good', '/', { ...keyed, 'Otoroshi-State': 'mine', 'Otoroshi-Claim': 'mine' })
    assert.equal(got.status, 200, got.body)
    const { metadata, ...apikey } = got.json.apikey
    assert.deepEqual(apikey, { clientId: 'caller', clientName: 'The caller', tags: ['t'] })
    assert.equal(metadata.plan, 'gold')
    assert.deepEqual([got.json.claims.sub, got.json.claims.aud], ['The caller', 'good'])
    assert.equal(got.headers['otoroshi-state-resp'], undefined)
  })

  it('turns away whoever calls it himself', async () => {
    answering = conforming({ secret: SECRET, route: 'good' })
    assert.equal((await call(port, 'http://127.0.0.1/')).status, 401)
    const claim = token({ iss: 'Otoroshi', aud: 'good', exp: 4e9 }, 'guessed')
    const got = await call(port, 'http://127.0.0.1/', { headers: { 'Otoroshi-Claim': claim } })
    assert.deepEqual([got.status, got.body], [401, 'Otoroshi-Claim: the signature is wrong'])
  })

  it('of version 1 sends the state back', async () => {
    await route('plain', [challenge({ version: 'V1' }), infos()])
    answering = conforming({ secret: SECRET, version: 'V1' })
    assert.equal((await get('plain')).status, 200)
    answering = (_, response) => response.setHeader('Otoroshi-State-Resp', 'something').end('leaked')
    const got = await get('plain')
    assert.equal(reason(got), '502 challenge.failed')
    assert.doesNotMatch(got.body, /leaked/)
  })

  it('has fields of its own where the settings say so', async () => {
    const names = { request_header_name: 'X-Ask', response_header_name: 'X-Answer' }
    await route('named', [challenge(names), infos({ header_name: 'X-Who' })])
    const fields = { state: 'X-Ask', stateResponse: 'X-Answer', claim: 'X-Who' }
    answering = conforming({ secret: SECRET, fields })
    const got = await get('named')
    assert.equal(got.status, 200)
    assert.equal(got.headers['x-answer'], undefined, 'the answer to the challenge is not for the client')
    // It is judged as the backend sent it, whatever other plugins take away.
    await route('named-removed', [
      plugin('RemoveHeadersOut', { header_names: ['X-Answer'] }),
      challenge(names),
      infos({ header_name: 'X-Who' }),
    ])
    answering = conforming({ secret: SECRET, fields, route: 'named-removed' })
    assert.equal((await get('named-removed')).status, 200)
  })

  it('answers requests with bodies, and on both threads at once', async () => {
    answering = conforming({ secret: SECRET, route: 'good' })
    const answers = await Promise.all(
      Array.from({ length: 40 }, () =>
        call(gateway.port, 'http://good.test/', { method: 'POST', headers: keyed, body: 'a body' }),
      ),
    )
    assert.deepEqual([...new Set(answers.map(reason))], ['200'])
  })
})

describe('a backend that does not answer as agreed', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const good = (request: IncomingMessage) => ({
    'state-resp': claimsIn(header(request, 'otoroshi-state')).state,
    aud: 'Otoroshi',
    iat: now(),
    nbf: now(),
    exp: now() + 10,
  })
  let kept = ''

  before(() => route('strict', [challenge()]))

  const answers: readonly (readonly [what: string, field: (request: IncomingMessage) => string | null])[] = [
    ['says nothing', () => null],
    ['sends the question back', request => header(request, 'otoroshi-state')],
    ['sends the state back bare', request => good(request)['state-resp']],
    ['has another state', request => token({ ...good(request), 'state-resp': 'another' })],
    ['signs with another secret', request => token(good(request), 'guessed')],
    ['signs in another way', request => token(good(request), SECRET, 'HS256')],
    ['does not sign', request => `${part({ alg: 'none' })}.${part(good(request))}.`],
    ['is late', request => token({ ...good(request), iat: now() - 60, nbf: now() - 60, exp: now() - 40 })],
    ['is early', request => token({ ...good(request), nbf: now() + 60 })],
    ['gives itself too long', request => token({ ...good(request), exp: now() + 3600 })],
    ['has no end', request => token({ ...good(request), exp: undefined })],
    ['answers somebody else', request => token({ ...good(request), aud: 'somebody' })],
  ]
  for (const [what, field] of answers)
    it(`and ${what} reaches no client`, async () => {
      answering = (request, response) => {
        const value = field(request)
        if (value !== null) response.setHeader('Otoroshi-State-Resp', value)
        response.end('leaked')
      }
      const got = await get('strict')
      assert.equal(reason(got), '502 challenge.failed')
      assert.deepEqual(got.json, {
        'Otoroshi-Error': 'Backend server does not seems to be secured. Cancelling request !',
      })
      assert.equal(got.headers['otoroshi-state-resp'], '--')
    })

  it('is believed once it does, and an answer it gave before is worth nothing', async () => {
    answering = (request, response) => {
      kept = token(good(request))
      response.setHeader('Otoroshi-State-Resp', kept).end('ok')
    }
    assert.equal((await get('strict')).body, 'ok')
    answering = (_, response) => response.setHeader('Otoroshi-State-Resp', kept).end('leaked')
    assert.equal(reason(await get('strict')), '502 challenge.failed')
  })

  it('is told of in the event', async () => {
    const exporter = {
      id: 'to-log',
      name: 'to-log',
      enabled: true,
      type: 'console',
      config: { type: 'console' },
      bufferSize: 100,
      filtering: { include: [{ '@type': 'GatewayEvent' }], exclude: [] },
      projection: { extraInfos: true },
    }
    const made = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', exporter)
    assert.equal(made.status, 201, made.text)
    answering = (_, response) => response.end('leaked')
    await until('the event tells it', async () => {
      await get('strict', '/secret-page', { Cookie: 'session=hush-hush' })
      return gateway.output.includes('stateRespInvalid')
    })
    const line = gateway.output.split('\n').find(text => text.includes('stateRespInvalid'))!
    assert.match(line, /no state in response header/)
    assert.match(line, /secret-page/)
    assert.doesNotMatch(line, /hush-hush/)
  })
})

describe('keys', () => {
  it('may come from the environment, and a variable that is missing closes the route', async () => {
    const settings = {
      algo_to_backend: hmac('${env.SHARED_IN_ENV}'),
      algo_from_backend: hmac('${env.SHARED_IN_ENV}'),
    }
    await route('from-env', [challenge(settings), infos()])
    answering = conforming({ secret: SECRET })
    assert.equal((await get('from-env')).status, 200)
    for (const [id, secret] of [
      ['env-missing', '${env.NOT_THERE}'],
      ['env-closed', '${env.OTOROSHI_SECRET}'],
      ['config-closed', '${config.otoroshi.secret}'],
      ['vault', '${vault://local/secret}'],
    ] as const) {
      await route(id, [challenge({ algo_to_backend: hmac(secret) })])
      assert.match(reason(await get(id)), /^503 plugin\.setup_failed/, id)
    }
    const status = await gateway.admin('GET', '/api/routes/vault/_status')
    assert.match(status.text, /this version knows no vaults/)
    // The secret that is meant for backends.
    await route('shared-key', [infos({ algo: hmac('${config.app.claim.sharedKey}') })], echo.port)
    const got = await get('shared-key')
    assert.equal(
      token(claimsIn(got.json.headers['otoroshi-claim']), 'secret').split('.')[1],
      got.json.headers['otoroshi-claim'].split('.')[1],
    )
  })

  it('may be a stored pair, whose public half is published', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = {
      chain: String(pair.publicKey.export({ type: 'spki', format: 'pem' })),
      privateKey: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    }
    await route(
      'paired',
      [infos({ algo: { type: 'ESKPAlgoSettings', size: 256, certId: 'for-backends' } })],
      echo.port,
    )
    await route('keys', [plugin('OtoroshiJWKSEndpoint', { cert_ids: ['for-backends'] })])
    assert.equal(reason(await get('paired')), '502 challenge.no_key')
    assert.deepEqual((await get('keys')).json, { keys: [] })
    const certificate = {
      id: 'for-backends',
      domain: 'x',
      name: 'x',
      description: 'x',
      keypair: true,
      ...pem,
    }
    assert.equal((await gateway.admin('POST', CERTIFICATES, certificate)).status, 201)
    const [jwk] = (await get('keys')).json.keys
    assert.deepEqual([jwk.kid, jwk.d], ['for-backends', undefined])
    const claim = (await get('paired')).json.headers['otoroshi-claim'] as string
    const [head, body, signature] = claim.split('.') as [string, string, string]
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')))
    assert.deepEqual(JSON.parse(Buffer.from(head, 'base64url').toString()), {
      alg: 'ES256',
      typ: 'JWT',
      kid: 'for-backends',
    })
  })
})

describe('settings that cannot be read', () => {
  it('close the route, and the answer of the admin API names the place', async () => {
    for (const [id, slot, place] of [
      ['bad-version', plugin('OtoroshiChallenge', { version: 'V9' }), /version/],
      ['bad-algo', plugin('OtoroshiChallenge', { algo_from_backend: { type: 'x' } }), /algo_from_backend/],
      ['bad-infos', plugin('OtoroshiInfos', { add_fields: { a: [] } }), /add_fields/],
      ['bad-keys', plugin('OtoroshiJWKSEndpoint', { cert_ids: 'x' }), /cert_ids/],
      ['bad-filter', plugin('OtoroshiMetricsEndpoint', { filter: 1 }), /filter/],
    ] as const) {
      await gateway.admin('POST', ROUTES, {
        id,
        name: id,
        frontend: { domains: [`${id}.test`] },
        backend: { targets: [{ hostname: '127.0.0.1', port: echo.port }] },
        plugins: [slot],
      })
      assert.match(reason(await get(id)), /^503 plugin\.invalid_config/, id)
      assert.match((await gateway.admin('GET', `/api/routes/${id}/_status`)).text, place)
    }
  })
})

describe('the info token', () => {
  const claimsOf = async (id: string, headers: Record<string, string> = keyed) =>
    claimsIn((await get(id, '/a?b=c', headers)).json.headers['otoroshi-claim'])

  it('has the fields and the form of its settings', async () => {
    const add_fields = { path: '${req.path}', evil: '${req.headers.x-evil}' }
    await route(
      'fields',
      [plugin('ApikeyCalls', { mandatory: false }), infos({ add_fields, ttl: 7 })],
      echo.port,
    )
    const claims = await claimsOf('fields', { ...keyed, 'X-Evil': '${env.SHARED_IN_ENV}' })
    assert.deepEqual([claims.path, claims.evil], ['/a', '${env.SHARED_IN_ENV}'])
    assert.equal(claims.exp - claims.iat, 7)
    assert.equal((await claimsOf('fields', {})).access_type, 'public')
    await route(
      'projected',
      [plugin('ApikeyCalls'), infos({ projection: { who: { $at: 'apikey.clientName' } } })],
      echo.port,
    )
    const { who, apikey } = await claimsOf('projected')
    assert.deepEqual([who, apikey], ['The caller', undefined])
    await route('legacy', [plugin('ApikeyCalls'), infos({ version: 'Legacy' })], echo.port)
    const legacy = await claimsOf('legacy')
    assert.deepEqual([legacy.sub, legacy.user_id, legacy.plan], ['apikey:caller', 'caller', 'gold'])
  })

  it('of version Url leads to the caller', async () => {
    await route('linked', [plugin('ApikeyCalls'), infos({ version: 'Url' })], echo.port)
    const link = new URL((await claimsOf('linked')).url)
    assert.deepEqual([link.host, link.protocol], [`otoroshi-api.oto.tools:${gateway.port}`, 'http:'])
    // On any host of the gateway.
    const followed = await call(gateway.port, `http://whatever.test${link.pathname}${link.search}`)
    const { metadata, ...light } = followed.json
    assert.deepEqual(
      [followed.status, light],
      [200, { clientId: 'caller', clientName: 'The caller', tags: ['t'] }],
    )
    assert.equal(metadata.plan, 'gold')
    const other = new URL((await claimsOf('linked')).url)
    for (const path of [
      link.pathname,
      `${other.pathname}${link.search}`,
      `${link.pathname}?t=x`,
      `/.well-known/otoroshi/consumers/x${link.search}`,
    ]) {
      const got = await call(gateway.port, `http://whatever.test${path}`)
      assert.deepEqual([got.status, got.body], [401, '{"error":"unauthorized"}'], path)
    }
    const secret = Buffer.from('other:caller-secret').toString('base64')
    const dying = new URL((await claimsOf('linked', { Authorization: `Basic ${secret}` })).url)
    const follow = () => call(gateway.port, `http://whatever.test${dying.pathname}${dying.search}`)
    assert.equal((await follow()).status, 200)
    assert.equal((await gateway.admin('DELETE', `${KEYS}/other`)).status, 200)
    assert.equal((await follow()).status, 401)
  })
})

describe('who calls', () => {
  const me = (id: string, headers = {}) => get(id, '/.well-known/otoroshi/me', headers)

  it('is told by the route, and the backend is not asked', async () => {
    await route('me-public', [])
    await route('me-keyed', [plugin('ApikeyCalls'), challenge()])
    const before = asked
    assert.deepEqual((await me('me-public')).json, { access_type: 'public' })
    const { status, json } = await me('me-keyed', keyed)
    assert.deepEqual(
      [status, json.clientId, json.access_type, json.clientSecret],
      [200, 'caller', 'apikey', undefined],
    )
    assert.equal(reason(await me('me-keyed')), '400 apikey.missing')
    assert.equal(asked, before)
  })

  it('is led to no login', async () => {
    await route('me-moved', [plugin('Redirection', { code: 302, to: 'http://login.test/' })])
    assert.equal((await get('me-moved')).status, 302)
    assert.equal(reason(await me('me-moved')), '401 consumer.no_session')
  })
})

describe('the instance', () => {
  it('tells of itself on routes for it', async () => {
    await route('health', [plugin('OtoroshiHealthEndpoint')])
    await route('metrics', [plugin('OtoroshiMetricsEndpoint', { filter: 'otoroshi.requests.in-flight*' })])
    const health = await get('health')
    assert.deepEqual([health.status, health.json.otoroshi], [200, 'healthy'])
    const metrics = await get('metrics')
    assert.deepEqual(
      metrics.json.map(({ name }: { name: string }) => name),
      ['otoroshi.requests.in-flight'],
    )
    assert.match(
      (await get('metrics', '/?format=prom&filter=otoroshi.requests*')).body,
      /^otoroshi_requests \d+$/m,
    )
  })
})

describe('the route of the admin API', () => {
  it('serves with the plugins it has in a store of Otoroshi', async () => {
    const path = `${ROUTES}/admin-api-service`
    const { json: stored } = await gateway.admin('GET', path)
    const plugins = [
      plugin('OverrideHost'),
      plugin('OtoroshiHeadersIn'),
      plugin('AdditionalHeadersIn', { headers: { Host: 'otoroshi-admin-internal-api.oto.tools' } }),
      plugin('SendOtoroshiHeadersBack'),
      plugin('XForwardedHeaders'),
      plugin('OtoroshiChallenge', {
        version: 'V1',
        ttl: 30,
        request_header_name: 'Otoroshi-State',
        response_header_name: 'Otoroshi-State-Resp',
        algo_to_backend: hmac('secret'),
        algo_from_backend: hmac('secret'),
        state_resp_leeway: 10,
      }),
      plugin('OtoroshiInfos', {
        version: 'Legacy',
        ttl: 30,
        header_name: 'Otoroshi-Claim',
        algo: hmac('secret'),
      }),
      plugin('NgLegacyApikeyCall', {
        public_patterns: ['/health', '/metrics'],
        private_patterns: [],
        routing: { enabled: false },
        validate: true,
        mandatory: true,
        pass_with_user: false,
        wipe_backend_request: true,
        update_quotas: true,
      }),
    ]
    const backend = { ...stored.backend, targets: [{ id: 'target_0', hostname: '127.0.0.1', port: 8080 }] }
    const put = await gateway.admin('PUT', path, { ...stored, backend, plugins })
    assert.equal(put.status, 200, put.text)
    const listed = await gateway.admin('GET', ROUTES)
    assert.equal(listed.status, 200, listed.text)
    assert.ok(listed.json.length > 5)
    const nobody = await call(gateway.port, 'http://otoroshi-api.oto.tools/api/routes')
    assert.equal(reason(nobody), '400 apikey.missing')
    assert.equal((await gateway.admin('PUT', path, stored)).status, 200)
  })
})

describe('health checks', () => {
  it('carry both tokens', async () => {
    const fast = await startGateway({
      threads: 1,
      env: { OTOROSHI_HEALTHCHECK_INITIAL_DELAY: '50', OTOROSHI_HEALTHCHECK_INTERVAL: '200' },
    })
    const seen = await startBackend()
    try {
      const checked = (id: string, plugins: object[]) => ({
        id,
        name: id,
        frontend: { domains: [`${id}.test`] },
        backend: {
          targets: [{ hostname: '127.0.0.1', port: seen.port }],
          health_check: { enabled: true, url: `/health-${id}` },
        },
        plugins,
      })
      await fast.route(checked('set', [challenge({ request_header_name: 'X-Ask' }), infos({ ttl: 9 })]))
      await fast.route(checked('unset', []))
      const of = (id: string) => seen.seen.find(({ url }) => url === `/health-${id}`)?.headers
      await until('both are checked', () => of('set') !== undefined && of('unset') !== undefined)
      const claim = claimsIn(String(of('set')!['otoroshi-claim']))
      assert.deepEqual([claim.sub, claim.aud, claim.exp - claim.iat], ['HealthChecker', 'set', 9])
      assert.equal(token(claim).split('.')[2], String(of('set')!['otoroshi-claim']).split('.')[2])
      assert.equal(claimsIn(String(of('set')!['x-ask'])).state.length, 128)
      assert.equal(claimsIn(String(of('unset')!['otoroshi-state'])).aud, 'unset')
      assert.equal(claimsIn(String(of('unset')!['otoroshi-claim'])).sub, 'HealthChecker')
    } finally {
      await fast.stop()
      await seen.close()
    }
  })
})

describe('names and issuer of the settings', () => {
  it('count for both sides', async () => {
    const set = ['comm.state=My-State', 'comm.stateresp=My-Answer', 'comm.claim=My-Claim', 'jwt.issuer=acme']
    const named = await startGateway({
      threads: 1,
      args: set.flatMap(setting => ['--set', `otoroshi.headers.${setting}`]),
    })
    try {
      await named.route({
        id: 'named',
        name: 'named',
        frontend: { domains: ['named.test'] },
        backend: { targets: [{ hostname: '127.0.0.1', port }] },
        plugins: [challenge(), infos()],
      })
      const fields = { state: 'My-State', stateResponse: 'My-Answer', claim: 'My-Claim' }
      const ask = () =>
        call(named.port, 'http://named.test/', { headers: { 'My-State': 'x', 'My-Claim': 'x' } })
      answering = conforming({ secret: SECRET, fields, issuer: 'acme', route: 'named' })
      const got = await ask()
      assert.equal(got.status, 200, got.body)
      assert.deepEqual([got.json.claims.iss, got.headers['my-answer']], ['acme', undefined])
      answering = conforming({ secret: SECRET, fields, issuer: 'Otoroshi' })
      assert.equal(reason(await ask()), '502 challenge.failed')
    } finally {
      await named.stop()
    }
  })
})
