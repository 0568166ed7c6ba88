import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inputTokenAttribute, outputTokenAttribute } from '../../plugin/index.ts'
import { apikey, jwtServices, type PluginRun, type RequestInput, runPlugin } from '../../plugin/testing.ts'
import { apikeyAttribute } from '../../plugin/known-attributes.ts'
import { bySecret, read, token, verifier } from '../testing/tokens.ts'
import plugin from './jwt-verification.ts'

type Json = Readonly<Record<string, unknown>>
const NAME = 'x-jwt-token'

interface Call {
  readonly verifiers?: Readonly<Record<string, Json>>
  readonly config?: Json
  readonly request?: RequestInput
  readonly upstreamPath?: string
}

function call({ verifiers = { v: verifier() }, config = {}, ...more }: Call = {}): Promise<PluginRun> {
  return runPlugin(plugin, {
    config: { verifiers: Object.keys(verifiers), ...config },
    services: { jwt: jwtServices({ verifiers }) },
    before: ({ attributes }) => attributes.set(apikeyAttribute, apikey({ clientId: 'c', clientSecret: 's' })),
    ...more,
  })
}
const header = (text: string): RequestInput => ({ headers: { 'X-JWT-Token': text } })
const outcome = ({ status, refusal }: PluginRun): string => `${status} ${refusal?.reason ?? 'passed'}`

const fields = (fields: Json, arrayFields: Json = {}): Json => ({
  type: 'PassThrough',
  verificationSettings: { fields, arrayFields },
})

describe('a verifier that passes tokens through', () => {
  test('lets a good token in, as it came, and tells it to others', async () => {
    const text = token({ sub: 'a' })
    const run = await call({ request: header(text) })
    assert.equal(outcome(run), '200 passed')
    assert.equal(run.backend!.headers.get(NAME), text)
    assert.deepEqual(run.attributes.get(inputTokenAttribute), { raw: text, claims: { sub: 'a' } })
    assert.equal(run.attributes.get(outputTokenAttribute)!.raw, text)
  })

  test('refuses calls without token, unless it is not strict', async () => {
    const run = await call()
    assert.equal(outcome(run), '400 jwt.missing')
    assert.equal(run.refusal!.message, 'error.expected.token.not.found')
    assert.equal(outcome(await call({ verifiers: { v: verifier({ strict: false }) } })), '200 passed')
    assert.equal(outcome(await call({ request: header('') })), '400 jwt.missing')
  })

  test('refuses tokens that are not good, strict or not', async () => {
    for (const text of [token({ sub: 'a' }, 'another'), 'no token', token({ exp: 1 })])
      for (const strict of [true, false]) {
        const run = await call({ request: header(text), verifiers: { v: verifier({ strict }) } })
        assert.equal(outcome(run), '400 jwt.bad')
        assert.equal(run.refusal!.message, 'error.bad.token')
        assert.equal(run.backend, null)
      }
  })

  test('refuses a token that stands there twice: who knows which one the backend reads', async () => {
    const text = token({ sub: 'a' })
    const twice = [
      ['X-JWT-Token', text],
      ['x-jwt-token', 'forged'],
    ] as const
    assert.equal(outcome(await call({ request: { headers: twice } })), '400 jwt.bad')
    const inQuery = verifier({ source: { type: 'InQueryParam', name: 't' } })
    const url = `/?t=${text}&%74=forged`
    assert.equal(outcome(await call({ verifiers: { v: inQuery }, request: { url } })), '400 jwt.bad')
    const inCookie = verifier({ source: { type: 'InCookie', name: 't' } })
    const headers = { Cookie: `t=${text}; t=forged` }
    assert.equal(outcome(await call({ verifiers: { v: inCookie }, request: { headers } })), '400 jwt.bad')
  })

  test('wants the fields that are asked for, with values that may depend on the call', async () => {
    const wanted = verifier({
      strategy: fields({ sub: '${req.headers.x-user}', aud: 'here' }, { roles: 'a, b' }),
    })
    const good = { sub: 'me', aud: ['there', 'here'], roles: ['c', 'b', 'a'] }
    const outcomeOf = async (claims: Json, user = 'me'): Promise<string> =>
      outcome(
        await call({
          verifiers: { v: wanted },
          request: { headers: { 'X-JWT-Token': token(claims), 'X-User': user } },
        }),
      )
    assert.equal(await outcomeOf(good), '200 passed')
    assert.equal(await outcomeOf(good, 'you'), '400 jwt.bad')
    assert.equal(await outcomeOf({ ...good, aud: 'there' }), '400 jwt.bad')
    assert.equal(await outcomeOf({ ...good, roles: ['a'] }), '400 jwt.bad')
    assert.equal(await outcomeOf({ ...good, roles: 'a, b' }), '400 jwt.bad')
  })

  test('reads what stands behind a prefix, in any case, and a token without it', async () => {
    const source = { type: 'InHeader', name: 'Authorization', remove: 'Bearer ' }
    const text = token({ sub: 'a' })
    for (const value of [`Bearer ${text}`, `bearer  ${text}`, text]) {
      const run = await call({
        verifiers: { v: verifier({ source }) },
        request: { headers: { Authorization: value } },
      })
      assert.equal(outcome(run), '200 passed', value)
      assert.equal(run.backend!.headers.get('authorization'), value)
    }
  })
})

describe('a verifier that signs anew', () => {
  const strategy = {
    type: 'Sign',
    verificationSettings: { fields: {}, arrayFields: {} },
    algoSettings: bySecret('of the backend'),
  }
  const signing = jwtServices().keys(bySecret('of the backend') as never, 'default')
  const verified = async (text: string): Promise<boolean> =>
    (await jwtServices().verified.verify(text, signing, Date.now())).ok

  test('puts the new token where the old one was', async () => {
    const claims = { sub: 'a', exp: Math.floor(Date.now() / 1000) + 60, list: [1] }
    const source = { type: 'InHeader', name: 'Authorization', remove: 'Bearer ' }
    const run = await call({
      verifiers: { v: verifier({ strategy, source }) },
      request: { headers: { Authorization: `Bearer ${token(claims)}` } },
    })
    const sent = run.backend!.headers.get('authorization')!
    assert.match(sent, /^Bearer /)
    assert.deepEqual(read(sent.slice(7)).claims, claims)
    assert.ok(await verified(sent.slice(7)))
  })

  test('rewrites query parameters and cookies, too', async () => {
    const text = token({ sub: 'a' })
    const inQuery = await call({
      verifiers: { v: verifier({ strategy, source: { type: 'InQueryParam', name: 't' } }) },
      request: { url: `/p?a=1&t=${text}&b=2` },
      upstreamPath: `/root/p?a=1&t=${text}&b=2`,
    })
    const [, sent] = /^\/root\/p\?a=1&b=2&t=([^&]+)$/.exec(inQuery.backend!.path)!
    assert.ok(await verified(sent!))
    const inCookie = await call({
      verifiers: { v: verifier({ strategy, source: { type: 'InCookie', name: 't' } }) },
      request: { headers: { Cookie: `a=1; t=${text}; b=2` } },
    })
    const [, value] = /^a=1; b=2; t=(\S+)$/.exec(inCookie.backend!.headers.get('cookie')!)!
    assert.ok(await verified(value!))
  })

  test('refuses when it cannot sign', async () => {
    const keyless = { ...strategy, algoSettings: { type: 'KidAlgoSettings' } }
    const run = await call({ verifiers: { v: verifier({ strategy: keyless }) }, request: header(token({})) })
    assert.equal(outcome(run), '400 jwt.cannot_sign')
  })
})

describe('a verifier that transforms', () => {
  const transform = (mappingSettings: Json, location: Json): Json => ({
    type: 'Transform',
    verificationSettings: { fields: {}, arrayFields: {} },
    transformSettings: { location, mappingSettings },
    algoSettings: bySecret('of the backend'),
  })

  test('renames, sets and leaves out claims and moves the token', async () => {
    const strategy = transform(
      {
        map: { sub: 'user' },
        values: {
          from: '${token.iss}',
          path: '${req.path}',
          list: ['${token.sub}'],
          level: 7,
          until: '${exp}',
        },
        remove: ['secret'],
      },
      { type: 'InHeader', name: 'X-Out', remove: 'JWT ' },
    )
    const run = await call({
      verifiers: { v: verifier({ strategy }) },
      request: { url: '/here', ...header(token({ sub: 'a', iss: 'i', secret: 's', keep: true })) },
    })
    assert.equal(run.backend!.headers.get(NAME), undefined)
    const sent = run.backend!.headers.get('x-out')!
    assert.match(sent, /^JWT /)
    const { until, ...claims } = read(sent.slice(4)).claims
    assert.deepEqual(claims, {
      user: 'a',
      iss: 'i',
      keep: true,
      from: 'i',
      path: '/here',
      list: ['a'],
      level: 7,
    })
    assert.ok(typeof until === 'number' && until > Date.now() / 1000)
    assert.deepEqual(run.attributes.get(outputTokenAttribute)!.claims, { ...claims, until })
  })

  test('never evaluates what a client says', async () => {
    const strategy = transform(
      { values: { a: '${token.evil}', b: '${token.when}' } },
      { type: 'InHeader', name: 'X-Out' },
    )
    const run = await call({
      verifiers: { v: verifier({ strategy }) },
      request: header(token({ evil: '${req.host}', when: '{exp}' })),
    })
    const { a, b } = read(run.backend!.headers.get('x-out')).claims
    assert.deepEqual([a, b], ['${req.host}', '{exp}'])
  })
})

describe('a verifier that makes tokens', () => {
  const strategy = (strict: boolean): Json => ({
    type: 'DefaultToken',
    strict,
    token: { sub: '${apikey.id}', who: '${token.sub}', at: '${iat}', n: 1 },
    verificationSettings: { fields: {}, arrayFields: {} },
  })

  test('gives one to calls that bring none', async () => {
    const run = await call({ verifiers: { v: verifier({ strategy: strategy(true) }) } })
    const { at, ...claims } = read(run.backend!.headers.get(NAME)).claims
    assert.deepEqual(claims, { sub: 'c', who: 'key under test', n: 1 })
    assert.ok(typeof at === 'number' && Math.abs(at - Date.now() / 1000) < 10)
  })

  test('refuses calls that bring one, or verifies it when it is not strict', async () => {
    const strict = { v: verifier({ strategy: strategy(true) }) }
    assert.equal(outcome(await call({ verifiers: strict, request: header(token({})) })), '400 jwt.present')
    const lax = { v: verifier({ strategy: strategy(false) }) }
    const text = token({ sub: 'own' })
    const run = await call({ verifiers: lax, request: header(text) })
    assert.equal(run.backend!.headers.get(NAME), text)
    assert.equal(outcome(await call({ verifiers: lax, request: header(token({}, 'x')) })), '400 jwt.bad')
  })
})

describe('several verifiers', () => {
  const second = verifier({ source: { type: 'InHeader', name: 'X-Second' } })

  test('are asked in turn, the last refusal is told', async () => {
    const verifiers = { v: verifier(), w: second }
    assert.equal(outcome(await call({ verifiers, request: header(token({})) })), '200 passed')
    const other = { headers: { 'X-Second': token({}) } }
    assert.equal(outcome(await call({ verifiers, request: other })), '200 passed')
    const bad = { headers: { 'X-JWT-Token': token({}), 'X-Second': token({}) } }
    assert.equal(outcome(await call({ verifiers, request: bad })), '200 passed')
    assert.equal(outcome(await call({ verifiers, request: header('x') })), '400 jwt.missing')
  })

  test('that do not exist pass nothing', async () => {
    assert.equal(outcome(await call({ config: { verifiers: ['none'] } })), '500 jwt.unknown_verifier')
    assert.equal(outcome(await call({ config: { verifiers: ['v', 'none'] } })), '500 jwt.unknown_verifier')
    const none = await call({ config: { verifiers: [] } })
    assert.deepEqual([none.status, none.text, none.backend], [400, '{"error":"bad request"}', null])
  })
})

test('the settings may give the answer to refusals', async () => {
  const run = await call({
    config: {
      custom_response: true,
      custom_response_status: 403,
      custom_response_headers: { 'X-A': 'b', 'content-type': 'text/plain' },
      custom_response_body: 'go away',
    },
  })
  assert.deepEqual([run.status, run.text, run.headers.get('x-a')], [403, 'go away', 'b'])
  assert.equal(run.headers.get('content-type'), 'text/plain')
  assert.equal(run.headers.get('otoroshi-error-reason'), 'jwt.missing')
})
