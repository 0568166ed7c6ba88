/** Every form of the credentials of an API key in every place, under the usual names and others, and what becomes of them. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'

type Form = 'id' | 'jwt' | 'basic' | 'bearer'
type Place = 'header' | 'authorization' | 'query' | 'cookie' | 'path'

const SECRET = 'the secret of forms'
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: object, secret = SECRET): string => {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
const bearerOf = (id: string): string =>
  `otoapk_${id}_${createHmac('sha256', SECRET).update(`otoapk_${id}`).digest('hex')}`

const CREDENTIALS: Readonly<Record<Form, string>> = {
  id: 'forms',
  jwt: token({ iss: 'forms' }),
  basic: Buffer.from(`forms:${SECRET}`).toString('base64'),
  bearer: bearerOf('forms'),
}
const SCHEMES: Readonly<Record<Form, string>> = { id: '', jwt: 'Bearer ', basic: 'Basic ', bearer: 'Bearer ' }
/** Names unless the settings say others. */
const USUAL: Readonly<Record<Form, Readonly<Record<Exclude<Place, 'authorization'>, string>>>> = {
  id: { header: 'x-api-key', query: 'x-api-key', cookie: 'x-api-key', path: 'apikey_simple_id' },
  jwt: { header: 'Otoroshi-Token', query: 'bearer_auth', cookie: 'access_token', path: 'apikey_jwt' },
  basic: {
    header: 'Otoroshi-Authorization',
    query: 'basic_auth',
    cookie: 'basic_auth',
    path: 'apikey_basic',
  },
  bearer: { header: 'Otoroshi-Token', query: 'bearer_auth', cookie: 'bearer', path: 'apikey_bearer' },
}
const SETTINGS: Readonly<Record<Form, string>> = {
  id: 'client_id',
  jwt: 'jwt',
  basic: 'basic',
  bearer: 'oto_bearer',
}
const FORMS = Object.keys(CREDENTIALS) as Form[]
const others = (form: Form) => ({
  header: `X-${form}`,
  query: `q_${form}`,
  cookie: `c_${form}`,
  path: `p_${form}`,
})

let gateway: TestGateway
let backend: Backend
const plugin = (config: object = {}, name = 'ApikeyCalls') => ({
  plugin: `cp:otoroshi.next.plugins.${name}`,
  config,
})
const route = (id: string, config: object, domains = [`${id}.test`]) =>
  gateway.route({
    id,
    name: id,
    groups: ['forms'],
    frontend: { domains },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins: [plugin(config)],
  })
const addKey = async (clientId: string, more: object = {}): Promise<void> => {
  const key = {
    clientId,
    clientSecret: SECRET,
    clientName: clientId,
    authorizedEntities: ['group_forms'],
    ...more,
  }
  const { status, text } = await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', key)
  assert.equal(status, 201, text)
}
/** A request with a credential in a place. */
function ask(
  host: string,
  names: Record<string, string>,
  form: Form,
  place: Place,
  credential = CREDENTIALS[form],
): Promise<Got> {
  const headers: Record<string, string> = {}
  let path = '/a?b=1'
  if (place === 'header') headers[names['header']!] = credential
  else if (place === 'authorization') headers['Authorization'] = SCHEMES[form] + credential
  else if (place === 'query') path += `&${names['query']}=${encodeURIComponent(credential)}`
  else if (place === 'cookie') headers['Cookie'] = `a=1; ${names['cookie']}=${credential}`
  else path = `/in/${encodeURIComponent(credential)}/path`
  return call(gateway.port, `http://${host}.test${path}`, { headers })
}
const outcome = ({ status, headers }: Got): string =>
  status === 200 ? '200' : `${status} ${String(headers['otoroshi-error-reason']).split(';')[0]}`
const PLACES: readonly Place[] = ['header', 'authorization', 'query', 'cookie', 'path']
/** The id alone has no scheme. */
const placesOf = (form: Form): readonly Place[] =>
  form === 'id' ? PLACES.filter(place => place !== 'authorization') : PLACES

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  await gateway.admin('POST', '/api/groups', { id: 'forms', name: 'forms' })
  await addKey('forms', { allowClientIdOnly: true })
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

describe('credentials', () => {
  for (const [kind, namesOf] of [
    ['usual', (form: Form) => USUAL[form]],
    ['other', others],
  ] as const)
    it(`are found in every form and place under their ${kind} names, and taken away`, async () => {
      const extractors = Object.fromEntries(
        FORMS.map(form => {
          const { header, query, cookie, path } = others(form)
          const names = { header_name: header, query_name: query, cookie_name: cookie, path_name: path }
          return [SETTINGS[form], kind === 'usual' ? {} : names]
        }),
      )
      for (const form of FORMS) {
        const names = namesOf(form)
        const host = `${kind}-${form}`
        await route(host, { extractors }, [`${host}.test`, `${host}.test/in/:${names.path}/path`])
        for (const place of placesOf(form)) {
          const got = await ask(host, names, form, place)
          assert.equal(outcome(got), '200', `${form} in ${place}`)
          // A path is the address itself: it goes on as it is.
          if (place === 'path') continue
          const seen = `${got.json.url} ${JSON.stringify(got.json.headers)}`
          assert.ok(!seen.includes(CREDENTIALS[form]), `${form} in ${place}: ${seen}`)
          assert.equal(got.json.url, '/a?b=1')
          assert.equal(got.json.headers.cookie, place === 'cookie' ? 'a=1' : undefined)
          // Under the names of the other kind it is none.
          if (kind === 'other' && place !== 'authorization')
            assert.equal(
              outcome(await ask(host, USUAL[form], form, place)),
              '400 apikey.missing',
              `${form} in ${place}`,
            )
        }
      }
    })

  it('are found in no form that is switched off', async () => {
    for (const form of FORMS) {
      const off = { extractors: { [SETTINGS[form]]: { enabled: false } } }
      await route(`off-${form}`, off)
      for (const place of ['header', 'query', 'cookie'] as const)
        assert.match(
          outcome(await ask(`off-${form}`, USUAL[form], form, place)),
          /^40[01] apikey\./,
          `${form} in ${place}`,
        )
    }
    await route('off-pair', { extractors: { custom_headers: { enabled: false } } })
    const headers = { 'Otoroshi-Client-Id': 'forms', 'Otoroshi-Client-Secret': SECRET }
    assert.equal(
      outcome(await call(gateway.port, 'http://off-pair.test/', { headers })),
      '400 apikey.missing',
    )
  })

  it('go on to the backend where the settings say so', async () => {
    await route('kept', { wipe_backend_request: false })
    for (const form of FORMS)
      for (const place of ['header', 'authorization', 'query', 'cookie'] as const) {
        // The gateway's own fields reach no backend, whatever stands in them.
        const own = place === 'header' && form !== 'id'
        if (own || !placesOf(form).includes(place)) continue
        const got = await ask('kept', USUAL[form], form, place)
        assert.equal(outcome(got), '200', `${form} in ${place}`)
        const seen = `${decodeURIComponent(got.json.url)} ${JSON.stringify(got.json.headers)}`
        assert.ok(seen.includes(CREDENTIALS[form]), `${form} in ${place}: ${seen}`)
      }
    const headers = { 'Otoroshi-Client-Id': 'forms', 'Otoroshi-Client-Secret': SECRET }
    const got = await call(gateway.port, 'http://kept.test/', { headers })
    assert.deepEqual(
      [got.json.headers['otoroshi-client-id'], got.json.headers['otoroshi-client-secret']],
      ['forms', SECRET],
    )
  })

  it('that are tokens may have to be short-lived, or for one request', async () => {
    await route('tokens', { extractors: { jwt: { max_jwt_lifespan_sec: 60, include_request_attrs: true } } })
    const now = Math.floor(Date.now() / 1000)
    const good = {
      iss: 'forms',
      iat: now,
      exp: now + 60,
      httpPath: '/a?b=1',
      httpVerb: 'get',
      httpHost: 'tokens.test',
    }
    const with_ = (claims: object): Promise<string> =>
      ask('tokens', USUAL.jwt, 'jwt', 'header', token(claims)).then(outcome)
    assert.equal(await with_(good), '200')
    for (const [what, claims] of Object.entries({
      'a longer life': { ...good, exp: now + 61 },
      'no end': { ...good, exp: undefined },
      'no beginning': { ...good, iat: undefined },
      'another path': { ...good, httpPath: '/a' },
      'another method': { ...good, httpVerb: 'POST' },
      'another host': { ...good, httpHost: 'other.test' },
      'no request': { iss: 'forms', iat: now, exp: now + 60 },
    }))
      assert.equal(await with_(claims), '401 apikey.bad', what)
    await route('by-pair', { extractors: { jwt: { secret_signed: false } } })
    assert.equal(outcome(await ask('by-pair', USUAL.jwt, 'jwt', 'header')), '401 apikey.bad')
  })
})

describe('what a key may do', () => {
  it('is to read, when it is read-only', async () => {
    await route('read-only', {})
    await addKey('looks', { readOnly: true })
    const headers = { 'Otoroshi-Client-Id': 'looks', 'Otoroshi-Client-Secret': SECRET }
    const by = (method: string): Promise<string> =>
      call(gateway.port, 'http://read-only.test/', { method, headers } as CallOptions).then(outcome)
    for (const method of ['GET', 'HEAD', 'OPTIONS']) assert.equal(await by(method), '200', method)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])
      assert.match(await by(method), /^405 /, method)
  })

  it('is nothing a user needs, where users pass without one', async () => {
    const users = [{ name: 'Ada', email: 'ada@example.com', password: await hash('correct horse', 4) }]
    const cookies = { httpOnly: true, secure: false }
    const people = { id: 'people', name: 'people', type: 'basic', users, sessionCookieValues: cookies }
    const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', people)
    assert.equal(made.status, 201, made.text)
    const module = plugin({ auth_module: 'people', pass_with_apikey: true }, 'AuthModule')
    const chained = (id: string, ...plugins: object[]) =>
      gateway.route({
        id,
        name: id,
        groups: ['forms'],
        frontend: { domains: [`${id}.oto.tools`] },
        backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
        plugins,
      })
    await chained('home', module)
    await chained('either', plugin({ pass_with_user: true }), module)
    await chained('keys-only', plugin(), module)
    const browser = new Browser(gateway.port)
    const at = (host: string): string => `http://${host}.oto.tools:${gateway.port}/`
    const form = await browser.open(at('home'))
    const page = await browser.submit(form, { username: 'ada@example.com', password: 'correct horse' })
    assert.equal(page.status, 200, page.body)
    assert.match(
      (await browser.open(at('keys-only'))).headers['otoroshi-error-reason']!.toString(),
      /^apikey\.missing/,
    )
    assert.equal((await browser.open(at('either'))).status, 200)
    const stranger = await call(gateway.port, at('either'))
    assert.equal(outcome(stranger), '400 apikey.missing')
    const headers = { 'Otoroshi-Client-Id': 'forms', 'Otoroshi-Client-Secret': SECRET }
    for (const host of ['either', 'keys-only'])
      assert.equal((await call(gateway.port, at(host), { headers })).status, 200, host)
  })
})
