import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import type { ApikeyView } from '../../identity/apikey.ts'
import { LONGEST_TOKEN } from '../../identity/jwt/jws.ts'
import { apikeyAttribute, apikeyClaimsAttribute, type KeyPairView } from '../../plugin/index.ts'
import { apikey, type PluginRun, type RequestInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './apikey-calls.ts'

type Json = Record<string, unknown>

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const seconds = (): number => Math.floor(Date.now() / 1000)

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(header: Json, claims: Json, make: (text: string) => string): string {
  const text = `${part(header)}.${part({ iss: 'id', ...claims })}`
  return `${text}.${make(text)}`
}
const bySecret = (
  claims: Json = {},
  secret = 'secret',
  header: Json = { alg: 'HS256' },
  hash = 'sha256',
): string => token(header, claims, text => createHmac(hash, secret).update(text).digest('base64url'))
const byKey = (header: Json, key: KeyObject = rsa.privateKey, claims: Json = {}): string =>
  token(header, claims, text =>
    sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
  )

interface Call {
  readonly key?: Json
  readonly jwt?: Json
  readonly request?: RequestInput
  readonly pairs?: Readonly<Record<string, Partial<KeyPairView>>>
}

function call(text: string, { key, jwt, request, pairs = {} }: Call = {}): Promise<PluginRun> {
  const view: ApikeyView = apikey({
    clientId: 'id',
    clientSecret: 'secret',
    authorizedEntities: ['group_default'],
    _loc: { tenant: 'here', teams: ['default'] },
    ...key,
  })
  const find = (id: string): KeyPairView | null =>
    Object.hasOwn(pairs, id)
      ? { publicKey: rsa.publicKey, signsTokens: true, exposed: false, tenant: 'here', ...pairs[id] }
      : null
  return runPlugin(plugin, {
    config: { extractors: { jwt: jwt ?? {} } },
    apikeys: [view],
    services: { keyPairs: { find, signingKey: () => null } },
    request: { ...request, headers: { ...(request?.headers as object), Authorization: `Bearer ${text}` } },
  })
}

async function outcome(text: string, of: Call = {}): Promise<string> {
  const { refusal, attributes } = await call(text, of)
  if (refusal === null) assert.ok(attributes.get(apikeyAttribute) !== undefined)
  return refusal?.reason ?? 'passes'
}

const BAD = 'apikey.bad'

describe('a token signed with the secret', () => {
  test('passes with each HMAC, and leaves its claims', async () => {
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const)
      assert.equal(await outcome(bySecret({}, 'secret', { alg }, hash)), 'passes')
    const run = await call(bySecret({ scope: 'read' }))
    assert.deepEqual(run.attributes.get(apikeyClaimsAttribute), { iss: 'id', scope: 'read' })
  })

  test('passes with the next secret while the key rotates', async () => {
    const rotation = { enabled: true, nextSecret: 'next' }
    assert.equal(await outcome(bySecret({}, 'next'), { key: { rotation } }), 'passes')
    assert.equal(await outcome(bySecret({}, 'next')), BAD)
  })

  test('is refused with another secret, though the key allows its id alone', async () => {
    const key = { allowClientIdOnly: true }
    for (const secret of ['wrong', 'id']) assert.equal(await outcome(bySecret({}, secret), { key }), BAD)
    const run = await call(bySecret({}, 'wrong'), { key })
    assert.equal(run.attributes.get(apikeyClaimsAttribute), undefined)
  })

  test('is refused when anything of it was changed', async () => {
    const good = bySecret()
    const [header, claims, signature] = good.split('.') as [string, string, string]
    const flip = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
    assert.equal(await outcome(`${header}.${part({ iss: 'id', admin: true })}.${signature}`), BAD)
    assert.equal(await outcome(`${part({ alg: 'HS256', typ: 'JWT' })}.${claims}.${signature}`), BAD)
    assert.equal(await outcome(`${header}.${claims}.${flip(signature)}`), BAD)
    assert.equal(await outcome(`${header}.${claims}.${signature.slice(0, 8)}`), BAD)
  })

  test('is refused where secrets do not sign', async () => {
    assert.equal(await outcome(bySecret(), { jwt: { secret_signed: false } }), BAD)
  })

  test('for an unknown key is refused', async () => {
    assert.equal(await outcome(bySecret({ iss: 'other' })), 'apikey.unknown')
  })

  test('of a disabled or expired key is refused', async () => {
    assert.equal(await outcome(bySecret(), { key: { enabled: false } }), BAD)
    assert.equal(await outcome(bySecret(), { key: { validUntil: 1 } }), BAD)
  })
})

describe('alg none', () => {
  test('is refused with and without a signature, though the key allows its id alone', async () => {
    const key = { allowClientIdOnly: true }
    for (const alg of ['none', 'None', 'nOnE', ''])
      for (const signature of ['c2ln', createHmac('sha256', 'secret').update('').digest('base64url')])
        assert.equal(
          await outcome(
            token({ alg }, {}, () => signature),
            { key, pairs: { k: {} } },
          ),
          BAD,
          alg,
        )
    assert.equal(
      await outcome(
        token({ alg: 'none' }, {}, () => ''),
        { key },
      ),
      'apikey.missing',
    )
  })
})

describe('a token signed with a key pair', () => {
  const header = { alg: 'RS256', kid: 'k' }
  const named = { metadata: { 'jwt-sign-keypair': 'k' } }

  test('passes when the key names the pair', async () => {
    assert.equal(await outcome(byKey(header), { key: named, pairs: { k: { signsTokens: false } } }), 'passes')
    const pairs = { k: { publicKey: ec.publicKey } }
    assert.equal(
      await outcome(byKey({ alg: 'ES256', kid: 'k' }, ec.privateKey), { key: named, pairs }),
      'passes',
    )
  })

  test('is refused with any other pair then', async () => {
    assert.equal(
      await outcome(byKey({ ...header, kid: 'other' }), { key: named, pairs: { k: {}, other: {} } }),
      BAD,
    )
    assert.equal(await outcome(byKey({ alg: 'RS256' }), { key: named, pairs: { k: {} } }), BAD, 'no kid')
  })

  test('passes with a pair that signs tokens for the organization of the key', async () => {
    assert.equal(await outcome(byKey(header), { pairs: { k: {} } }), 'passes')
    const gateway = byKey({ alg: 'RS256', kid: 'otoroshi-jwt-signing' })
    assert.equal(
      await outcome(gateway, { pairs: { 'otoroshi-jwt-signing': { tenant: 'default' } } }),
      'passes',
    )
  })

  test('is refused with a certificate that is not for tokens, or of another organization', async () => {
    assert.equal(await outcome(byKey(header), { pairs: { k: { signsTokens: false } } }), BAD)
    assert.equal(await outcome(byKey(header), { pairs: { k: { tenant: 'elsewhere' } } }), BAD)
    assert.equal(await outcome(byKey(header), { pairs: { k: { tenant: 'default' } } }), BAD)
    const gateway = byKey({ alg: 'RS256', kid: 'otoroshi-jwt-signing' })
    assert.equal(await outcome(gateway, { pairs: { 'otoroshi-jwt-signing': { tenant: 'elsewhere' } } }), BAD)
  })

  test('is refused with a key nobody has, or another one than the id says', async () => {
    assert.equal(await outcome(byKey(header)), BAD)
    for (const kid of ['', '__proto__', 'constructor', '../k'])
      assert.equal(await outcome(byKey({ alg: 'RS256', kid }), { pairs: { k: {} } }), BAD, kid)
    const pairs = { k: { publicKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey } }
    assert.equal(await outcome(byKey(header), { pairs }), BAD)
  })

  test('is refused where key pairs do not sign', async () => {
    assert.equal(await outcome(byKey(header), { pairs: { k: {} }, jwt: { keypair_signed: false } }), BAD)
  })

  test('cannot be made with the public key as an HMAC secret', async () => {
    for (const format of ['pem', 'der'] as const) {
      const secret = rsa.publicKey.export({ type: 'spki', format })
      const confused = token({ alg: 'HS256', kid: 'k' }, {}, text =>
        createHmac('sha256', secret).update(text).digest('base64url'),
      )
      assert.equal(await outcome(confused, { key: named, pairs: { k: {} } }), BAD, format)
    }
  })

  test('cannot bring its own key', async () => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = own.publicKey.export({ format: 'jwk' })
    for (const more of [{ jwk }, { jku: 'https://evil.test/keys' }, { x5u: 'https://evil.test/cert' }])
      assert.equal(await outcome(byKey({ ...header, ...more }, own.privateKey), { pairs: { k: {} } }), BAD)
  })
})

describe('the claims', () => {
  test('say until when and from when, ten seconds allowed for', async () => {
    assert.equal(await outcome(bySecret({ exp: seconds() + 60 })), 'passes')
    assert.equal(await outcome(bySecret({ exp: seconds() - 8 })), 'passes')
    assert.equal(await outcome(bySecret({ exp: seconds() - 12 })), BAD, 'expired')
    assert.equal(await outcome(bySecret({ nbf: seconds() + 8 })), 'passes')
    assert.equal(await outcome(bySecret({ nbf: seconds() + 60 })), BAD, 'not yet')
    assert.equal(await outcome(bySecret({ iat: seconds() + 60 })), BAD, 'issued in the future')
    assert.equal(await outcome(bySecret({ exp: `${seconds() + 60}` })), BAD, 'no number')
  })

  test('live no longer than allowed', async () => {
    const jwt = { max_jwt_lifespan_sec: 60 }
    const now = seconds()
    assert.equal(await outcome(bySecret({ iat: now, exp: now + 60 }), { jwt }), 'passes')
    assert.equal(await outcome(bySecret({ iat: now, exp: now + 61 }), { jwt }), BAD)
    assert.equal(await outcome(bySecret({ exp: now + 60 }), { jwt }), BAD, 'no iat')
    assert.equal(await outcome(bySecret({ iat: now }), { jwt }), BAD, 'no exp')
    assert.equal(
      await outcome(bySecret({ iat: now + 3600, exp: now + 3630 }), { jwt }),
      BAD,
      'iat in the future',
    )
    const none = { max_jwt_lifespan_sec: -1 }
    assert.equal(await outcome(bySecret({ exp: now + 9999 }), { jwt: none }), 'passes')
    assert.equal(
      await outcome(bySecret({ iat: now, exp: now + 1 }), { jwt: { max_jwt_lifespan_sec: 0 } }),
      BAD,
    )
  })

  test('name the address they are for', async () => {
    const request = { url: 'http://api.test/pay/1?x=2' }
    const meant = (aud: unknown): Promise<string> => outcome(bySecret({ aud }), { request })
    for (const aud of [
      'http://api.test',
      'http://api.test/',
      'http://api.test/pay',
      'http://api.test/pay/1?x=2',
      'a name',
      ['http://api.test/pay', 'http://other.test'],
      7,
    ])
      assert.equal(await meant(aud), 'passes', String(aud))
    for (const aud of [
      'https://api.test',
      'http://api.te',
      'http://other.test/',
      'http://api.test/pay/2',
      'http://api.test:8080/',
      'http://',
      ['http://other.test', 'http://api.test'],
    ])
      assert.equal(await meant(aud), BAD, String(aud))
  })

  test('may ask for an XSRF token', async () => {
    const asked = bySecret({ xsrfToken: 'x1' })
    const with_ = (value: string) => ({ request: { headers: { 'X-XSRF-TOKEN': value } } })
    assert.equal(await outcome(asked, with_('x1')), 'passes')
    assert.equal(await outcome(asked, with_('x2')), BAD)
    assert.equal(await outcome(asked), BAD)
    assert.equal(await outcome(bySecret({ xsrfToken: null }), with_('null')), BAD)
    assert.equal(await outcome(bySecret(), with_('x2')), 'passes')
  })

  test('must describe the request where that is wanted', async () => {
    const jwt = { include_request_attrs: true }
    const request = { method: 'POST', url: 'http://api.test/a?b=1' }
    const right = { httpPath: '/a?b=1', httpVerb: 'post', httpHost: 'API.test' }
    assert.equal(await outcome(bySecret(right), { jwt, request }), 'passes')
    for (const wrong of [
      {},
      { ...right, httpPath: '/a' },
      { ...right, httpVerb: 'GET' },
      { ...right, httpHost: 'other.test' },
      { ...right, httpPath: ['/a?b=1'] },
    ])
      assert.equal(await outcome(bySecret(wrong), { jwt, request }), BAD, JSON.stringify(wrong))
  })
})

describe('a token out of measure', () => {
  test('is not looked at', async () => {
    assert.equal(await outcome(bySecret({ fill: 'x'.repeat(LONGEST_TOKEN) })), 'apikey.missing')
    assert.equal(await outcome(bySecret({ fill: 'x'.repeat(1000) })), 'passes')
    assert.equal(await outcome('.'.repeat(100_000)), 'apikey.missing')
    assert.equal(await outcome(`otoapk_${'x'.repeat(100_000)}_00`), 'apikey.missing')
  })

  test('of nested claims is no harm', async () => {
    const deep = `${part({ alg: 'HS256' })}.${Buffer.from(`{"iss":"id","a":${'['.repeat(4000)}${']'.repeat(4000)}}`).toString('base64url')}`
    const signed = `${deep}.${createHmac('sha256', 'secret').update(deep).digest('base64url')}`
    assert.equal(await outcome(signed), 'apikey.missing')
  })
})
