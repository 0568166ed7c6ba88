import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { readJws } from '../../identity/jwt/jws.ts'
import { secretSigned } from '../../identity/jwt/signature.ts'
import { signToken } from '../../identity/jwt/signing.ts'
import { answer, definePlugin, eventExtrasAttribute, schema } from '../../plugin/index.ts'
import {
  type BackendCall,
  jwtServices,
  outgoingCalls,
  type PluginRun,
  type PluginRunInput,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import plugin from './otoroshi-challenge.ts'

const V1 = { version: 'V1' }
const seconds = () => Math.floor(Date.now() / 1000)

function signed(claims: Record<string, unknown>, secret = 'secret', alg = 'HS512'): string {
  return signToken({ alg, key: createSecretKey(Buffer.from(secret)), kid: null }, claims)
}

const questionIn = (call: BackendCall): string => call.headers.get('otoroshi-state')!
const stateIn = (call: BackendCall): string => readJws(questionIn(call))!.claims['state'] as string

/** The claims a backend should answer with, changed. */
function claims(call: BackendCall, more: Record<string, unknown> = {}): Record<string, unknown> {
  const now = seconds()
  return { 'state-resp': stateIn(call), iat: now, nbf: now, exp: now + 10, aud: 'Otoroshi', ...more }
}

const run = (
  config: object,
  field: (call: BackendCall) => string | undefined,
  more: Partial<PluginRunInput> & { readonly status?: number; readonly fields?: Record<string, string> } = {},
): Promise<PluginRun> =>
  runPlugin(plugin, {
    config,
    ...more,
    backend: call => {
      const value = field(call)
      const headers = { ...more.fields, ...(value !== undefined && { 'Otoroshi-State-Resp': value }) }
      return { status: more.status ?? 200, headers, body: 'the answer' }
    },
  })

async function refusedWith(reason: RegExp, done: Promise<PluginRun>): Promise<void> {
  const { status, refusal, text, attributes } = await done
  assert.equal(status, 502)
  assert.equal(refusal?.reason, 'challenge.failed')
  assert.equal(refusal.message, 'Backend server does not seems to be secured. Cancelling request !')
  assert.equal(refusal.cause, 'errors.service.not.secured')
  assert.match(refusal.detail!, reason)
  assert.doesNotMatch(text, /the answer/)
  const report = attributes.get(eventExtrasAttribute)?.['stateRespInvalid'] as Record<string, unknown>
  assert.equal(report['reason'], refusal.detail)
}

describe('the question', () => {
  it('of version 1 is a new state each time', async () => {
    const first = await run(V1, questionIn)
    const second = await run({ version: 1 }, questionIn)
    for (const { status, text, backend } of [first, second]) {
      assert.deepEqual([status, text], [200, 'the answer'])
      assert.match(questionIn(backend!), /^[A-Za-z0-9*$%)([\]!=+\-_:/;.><&]{128}$/)
    }
    assert.notEqual(questionIn(first.backend!), questionIn(second.backend!))
  })

  it('of version 2 is a token for the route', async () => {
    const { backend, status } = await run({ ttl: 20 }, call => signed(claims(call)))
    assert.equal(status, 200)
    const token = readJws(questionIn(backend!))!
    assert.ok(secretSigned(token, 'secret'))
    const { state, iat, exp, jti, ...rest } = token.claims as Record<string, number | string>
    assert.deepEqual(rest, { iss: 'Otoroshi', sub: 'Otoroshi', aud: 'Route under test', nbr: iat })
    assert.equal((exp as number) - (iat as number), 20)
    assert.equal((state as string).length, 128)
    assert.match(jti as string, /^[0-9a-f-]{36}$/)
    assert.equal(token.alg, 'HS512')
  })

  it('replaces what a client sent, under a name of its own as well', async () => {
    const { backend } = await run(
      { ...V1, request_header_name: 'X-Ask', response_header_name: 'X-Answer' },
      () => undefined,
      { request: { headers: { 'X-Ask': 'mine' } } },
    )
    assert.deepEqual(backend!.headers.getAll('x-ask').length, 1)
    assert.notEqual(backend!.headers.get('x-ask'), 'mine')
  })
})

describe('the answer', () => {
  it('of version 1 is the state', async () => {
    await refusedWith(
      /^no state in response header$/,
      run(V1, () => undefined),
    )
    await refusedWith(
      /^V1 - state from response does not match request one \(.{128} != wrong\)$/,
      run(V1, () => 'wrong'),
    )
    await refusedWith(
      /^V1/,
      run(V1, call => `${questionIn(call)}x`),
    )
  })

  it('never reaches the client', async () => {
    const { headers } = await run(V1, questionIn)
    assert.equal(headers.get('otoroshi-state-resp'), undefined)
  })

  it('comes in the field of the settings', async () => {
    const config = { ...V1, request_header_name: ' ', response_header_name: 'X-Answer' }
    const { status } = await runPlugin(plugin, {
      config,
      backend: call => ({ headers: { 'x-answer': questionIn(call) } }),
    })
    assert.equal(status, 200)
    await refusedWith(/^no state/, run(config, questionIn))
  })

  it('of version 2 is a token as agreed', async () => {
    assert.equal((await run({}, call => signed(claims(call, { aud: ['x', 'Otoroshi'] })))).status, 200)
    const now = seconds()
    const table: readonly (readonly [RegExp, (call: BackendCall) => string | undefined])[] = [
      [/^no state in response header$/, () => undefined],
      [/^V2 - error while decoding token - it is no token$/, call => stateIn(call)],
      [/it is not for Otoroshi/, questionIn],
      [/the signature is wrong/, call => signed(claims(call), 'other')],
      [/not signed as agreed/, call => signed(claims(call), 'secret', 'HS256')],
      [/not signed as agreed/, call => `${unsigned({ alg: 'none' })}.${unsigned(claims(call))}.AAAA`],
      [/it is not for Otoroshi/, call => signed(claims(call, { aud: 'somebody' }))],
      [/it does not hold the state/, call => signed(claims(call, { 'state-resp': 'another' }))],
      [/it does not hold the state/, call => signed(claims(call, { 'state-resp': undefined }))],
      [/expired/, call => signed(claims(call, { iat: now - 40, nbf: now - 40, exp: now - 20 }))],
      [/not yet valid/, call => signed(claims(call, { nbf: now + 60 }))],
      [/issued in the future/, call => signed(claims(call, { iat: now + 60, exp: now + 70 }))],
      [/^V2 - exp \/ iat is empty$/, call => signed(claims(call, { exp: undefined }))],
      [/^V2 - exp \/ iat is empty$/, call => signed(claims(call, { iat: undefined }))],
      [
        /^V2 - response token ttl too big - 31 seconds/,
        call => signed(claims(call, { exp: now + 31, iat: now })),
      ],
    ]
    for (const [reason, field] of table) await refusedWith(reason, run({}, field))
  })

  it('may be late by the leeway', async () => {
    const now = seconds()
    const late = { iat: now - 30, nbf: now - 30, exp: now - 15 }
    assert.equal((await run({ state_resp_leeway: 60 }, call => signed(claims(call, late)))).status, 200)
    await refusedWith(
      /expired/,
      run({}, call => signed(claims(call, late))),
    )
  })

  it('of one request is none to another', async () => {
    let kept = ''
    await run({}, call => (kept = signed(claims(call))))
    await refusedWith(
      /it does not hold the state/,
      run({}, () => kept),
    )
  })

  it('is signed with keys of its own, where there are some', async () => {
    const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const theirs = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = (key: { export(options: object): string | Buffer }, type: string) =>
      String(key.export({ type, format: 'pem' }))
    const config = {
      algo_to_backend: {
        type: 'ESAlgoSettings',
        size: 256,
        publicKey: pem(ours.publicKey, 'spki'),
        privateKey: pem(ours.privateKey, 'pkcs8'),
      },
      algo_from_backend: { type: 'RSAlgoSettings', size: 256, publicKey: pem(theirs.publicKey, 'spki') },
    }
    const ofTheirs = (call: BackendCall) =>
      signToken({ alg: 'RS256', key: theirs.privateKey, kid: null }, claims(call))
    assert.equal((await run(config, ofTheirs)).status, 200)
    // The public key as a secret.
    await refusedWith(
      /not signed as agreed/,
      run(config, call => signed(claims(call), config.algo_from_backend.publicKey, 'HS256')),
    )
  })

  it('may be signed with a key that has to be fetched', async () => {
    const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...theirs.publicKey.export({ format: 'jwk' }), kid: 'k1' }
    const calls = outgoingCalls(() => ({ body: JSON.stringify({ keys: [jwk] }) }))
    const services = { jwt: jwtServices({ calls }), calls }
    const config = { algo_from_backend: { type: 'JWKSAlgoSettings', url: 'https://keys.test/', kty: 'EC' } }
    const by = (kid: string) => (call: BackendCall) =>
      signToken({ alg: 'ES256', key: theirs.privateKey, kid }, claims(call))
    assert.equal((await run(config, by('k1'), { services })).status, 200)
    await refusedWith(/bad challenge algorithm/, run(config, by('k2'), { services }))
    await refusedWith(
      /not signed as agreed/,
      run(config, call => signed(claims(call), 'k1', 'HS256'), { services }),
    )
  })

  it('is not asked of a platform that says there is no application', async () => {
    const fields = { 'X-CleverCloudUpgrade': 'true' }
    const { status, refusal } = await run({}, () => undefined, { status: 404, fields })
    assert.deepEqual([status, refusal?.reason], [404, 'challenge.no_service'])
    await refusedWith(
      /^no state/,
      run({}, () => undefined, { status: 404 }),
    )
  })
})

describe('a refusal', () => {
  it('tells the event what came, with the claims in their places', async () => {
    const now = seconds()
    const { attributes, backend } = await run(
      {},
      call => signed(claims(call, { aud: 'x', iat: now - 1, nbf: now - 2, exp: now + 3 })),
      { request: { url: '/a?b=c', headers: { 'X-Mine': '1' } }, status: 201, fields: { 'X-Theirs': '2' } },
    )
    const report = attributes.get(eventExtrasAttribute)!['stateRespInvalid'] as Record<
      string,
      Record<string, unknown>
    >
    assert.deepEqual(report['token'], {
      extracted_state: stateIn(backend!),
      iat: now - 1,
      exp: now + 3,
      nbf: now - 2,
    })
    assert.equal(report['expected_token_state'], stateIn(backend!))
    assert.equal(report['expected_token_challenge_version'], 'V2')
    assert.deepEqual([report['request']!['uri'], report['request']!['query']], ['/a?b=c', { b: 'c' }])
    assert.equal(report['response']!['status'], 201)
    assert.equal((report['response']!['headers'] as Record<string, string>)['X-Theirs'], '2')
  })
})

describe('no challenge', () => {
  it('is made to the gateway itself', () => {
    const services = { adminRoute: 'route_test' }
    return runPlugin(plugin, { services }).then(({ status, backend }) => {
      assert.equal(status, 200)
      assert.equal(backend!.headers.get('otoroshi-state'), undefined)
    })
  })

  it('is judged where no backend was asked', async () => {
    const replaced = definePlugin({
      id: 'x',
      name: 'x',
      description: 'X.',
      family: 'x',
      steps: ['CallBackend'],
      config: schema.looseObject({}),
      setup: (_config, services) => ({
        ...setUp(plugin, {}, services),
        backend: () => answer(200, [], 'cached'),
      }),
    })
    const { status, text } = await runPlugin(replaced)
    assert.deepEqual([status, text], [200, 'cached'])
  })
})

describe('settings', () => {
  it('that cannot sign, or cannot be read, are refused', () => {
    for (const [config, fault] of [
      [{ algo_to_backend: { type: 'KidAlgoSettings' } }, /algo_to_backend: there is no key to sign with/],
      [{ algo_to_backend: { type: 'HSAlgoSettings', size: 512, secret: '' } }, /no key to sign with/],
      [
        { algo_to_backend: { type: 'RSAlgoSettings', size: 256, publicKey: 'x', privateKey: null } },
        /no key to sign with/,
      ],
      [{ algo_to_backend: { type: 'HSAlgoSettings', size: 512, secret: '${vault://a/b}' } }, /vault/],
      [
        { algo_to_backend: { type: 'HSAlgoSettings', size: 512, secret: '${env.NOT_THERE}' } },
        /no key to sign with/,
      ],
      [{ algo_to_backend: { type: 'none' } }, /algo_to_backend/],
      [{ version: 'V3' }, /version/],
      [{ ttl: -1 }, /ttl/],
      [{ request_header_name: 'a b' }, /request_header_name/],
    ] as const)
      assert.throws(() => setUp(plugin, config), fault, JSON.stringify(config))
  })

  it('of a certificate that is missing answer 502 until it is there', async () => {
    const config = { algo_to_backend: { type: 'ESKPAlgoSettings', size: 256, certId: 'later' } }
    const { status, refusal, backend } = await run(config, () => undefined)
    assert.deepEqual([status, refusal?.reason, backend], [502, 'challenge.no_key', null])
  })
})

function unsigned(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
