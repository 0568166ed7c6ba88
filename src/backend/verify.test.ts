import assert from 'node:assert/strict'
import { createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { readJws } from '../identity/jwt/jws.ts'
import { secretSigned, signedWith } from '../identity/jwt/signature.ts'
import { signToken } from '../identity/jwt/signing.ts'
import { type BackendSettings, type Believed, verifyOtoroshiRequest } from './index.ts'

const secret = 'a-secret'
const now = () => Math.floor(Date.now() / 1000)

function token(claims: Record<string, unknown>, alg = 'HS512', by = secret): string {
  return signToken({ alg, key: createSecretKey(Buffer.from(by)), kid: null }, claims)
}

/** What the gateway says of both its tokens. */
function usual(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss: 'Otoroshi', sub: 's', aud: 'orders', iat: now(), exp: now() + 30, ...more }
}

const fields = (info?: string, state?: string) => ({
  ...(info !== undefined && { 'otoroshi-claim': info }),
  ...(state !== undefined && { 'otoroshi-state': state }),
})
const good = () => fields(token(usual({ access_type: 'public' })), token(usual({ state: 'xyz' })))

function reasonOf(headers: Record<string, string>, settings: BackendSettings = { secret }): string {
  const verdict = verifyOtoroshiRequest({ headers }, settings)
  assert.ok(!verdict.ok, 'it was believed')
  assert.equal(verdict.status, 401)
  return verdict.reason
}

function believed(headers: Record<string, string>, settings: BackendSettings = { secret }): Believed {
  const verdict = verifyOtoroshiRequest({ headers }, settings)
  assert.ok(verdict.ok, verdict.ok ? '' : verdict.reason)
  return verdict
}

describe('a request of the gateway', () => {
  it('is believed, and its answer is one that the gateway believes', () => {
    const { headers } = believed(good(), { secret, route: 'orders' })
    assert.deepEqual(Object.keys(headers), ['Otoroshi-State-Resp'])
    const answer = readJws(headers['Otoroshi-State-Resp']!)!
    assert.ok(secretSigned(answer, secret))
    assert.equal(answer.alg, 'HS512')
    const { iat, nbf, exp, ...rest } = answer.claims as Record<string, number>
    assert.deepEqual(rest, { 'state-resp': 'xyz', aud: 'Otoroshi' })
    assert.deepEqual([nbf, exp], [iat, iat! + 10])
  })

  it('says who calls', () => {
    const apikey = { clientId: 'c', clientName: 'n', metadata: {}, tags: [] }
    const user = { name: 'Ann', email: 'a@x.y', profile: {}, metadata: null, tags: [] }
    const verdict = believed({ ...good(), 'otoroshi-claim': token(usual({ apikey, user, more: 1 })) })
    assert.deepEqual([verdict.apikey, verdict.user, verdict.claims['more']], [apikey, user, 1])
    assert.deepEqual([believed(good()).apikey, believed(good()).user], [null, null])
  })

  it('may be one of the web', () => {
    const headers = new Headers(good())
    const verdict = verifyOtoroshiRequest(new Request('http://x/', { headers }), { secret })
    assert.ok(verdict.ok)
    assert.ok(new Response('', { headers: verdict.headers }).headers.get('otoroshi-state-resp'))
  })

  it('of version 1 has its state sent back', () => {
    const state = 'a*$%)([]!=+-_:/;.><&'
    const settings = { secret, version: 'V1' } as const
    assert.deepEqual(believed(fields(token(usual()), state), settings).headers, {
      'Otoroshi-State-Resp': state,
    })
    assert.equal(reasonOf(fields(token(usual())), settings), 'there is no Otoroshi-State')
    assert.deepEqual(believed(fields(token(usual())), { secret, version: 'none' }).headers, {})
  })

  it('is signed with key pairs, where that is agreed', () => {
    const pem = (key: { export(options: object): string | Buffer }, type: string) =>
      String(key.export({ type, format: 'pem' }))
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const settings: BackendSettings = {
      info: { alg: 'RS256', publicKey: pem(rsa.publicKey, 'spki') },
      challenge: { alg: 'ES256', publicKey: pem(ec.publicKey, 'spki') },
      answer: { alg: 'ES256', privateKey: pem(ec.privateKey, 'pkcs8') },
    }
    const info = signToken({ alg: 'RS256', key: rsa.privateKey, kid: null }, usual())
    const state = signToken({ alg: 'ES256', key: ec.privateKey, kid: null }, usual({ state: 's' }))
    const answer = readJws(believed(fields(info, state), settings).headers['Otoroshi-State-Resp']!)!
    assert.ok(signedWith(answer, ec.publicKey))
    const confused = token(usual(), 'HS256', pem(rsa.publicKey, 'spki'))
    assert.equal(reasonOf(fields(confused, state), settings), 'Otoroshi-Claim: it is not signed with RS256')
  })
})

describe('a request of anybody else', () => {
  it('is refused, with the reason', () => {
    const { 'otoroshi-claim': info, 'otoroshi-state': state } = good()
    const of = (more: Record<string, unknown>) => fields(token(usual(more)), state)
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    const crit = Buffer.from('{"alg":"HS512","crit":["x"]}').toString('base64url')
    const body = info!.split('.')[1]!
    const table: readonly (readonly [Record<string, string>, string])[] = [
      [{}, 'there is no Otoroshi-Claim'],
      [fields(undefined, state), 'there is no Otoroshi-Claim'],
      [fields(info), 'there is no Otoroshi-State'],
      [fields('x', state), 'Otoroshi-Claim: it is no token'],
      [fields(`${none}.${body}.AAAA`, state), 'Otoroshi-Claim: it is not signed with HS512'],
      [fields(`${crit}.${body}.${hmac(`${crit}.${body}`)}`, state), 'Otoroshi-Claim: it is no token'],
      [fields('a'.repeat(20_000), state), 'Otoroshi-Claim: it is no token'],
      [fields(token(usual(), 'HS256'), state), 'Otoroshi-Claim: it is not signed with HS512'],
      [fields(token(usual(), 'HS512', 'other'), state), 'Otoroshi-Claim: the signature is wrong'],
      [of({ iss: 'x' }), 'Otoroshi-Claim: it does not come from Otoroshi'],
      [of({ aud: 'payments' }), 'Otoroshi-Claim: it is not for orders'],
      [of({ exp: undefined }), 'Otoroshi-Claim: it has no end'],
      [of({ exp: now() - 60 }), 'Otoroshi-Claim: it is out of date'],
      [of({ iat: now() + 60 }), 'Otoroshi-Claim: it is not valid yet'],
      [of({ nbf: 'x' }), 'Otoroshi-Claim: its time cannot be read'],
      [fields(info, 'plain'), 'Otoroshi-State: it is no token'],
      [fields(info, info), 'Otoroshi-State: it holds no state'],
      [
        fields(info, token(usual({ state: 's' }), 'HS512', 'other')),
        'Otoroshi-State: the signature is wrong',
      ],
    ]
    for (const [headers, reason] of table)
      assert.equal(reasonOf(headers, { secret, route: 'orders' }), reason)
  })

  it('is refused whatever character of a token is another one', () => {
    const { 'otoroshi-claim': info, 'otoroshi-state': state } = good()
    for (let i = 0; i < info!.length; i++) {
      const other = info![i] === 'A' ? 'B' : 'A'
      reasonOf(fields(info!.slice(0, i) + other + info!.slice(i + 1), state))
    }
    for (let i = 0; i < state!.length; i++) {
      const other = state![i] === 'A' ? 'B' : 'A'
      reasonOf(fields(info, state!.slice(0, i) + other + state!.slice(i + 1)))
    }
  })

  it('is refused by clocks that differ too much, and by no others', () => {
    const late = fields(token(usual({ exp: now() - 20 })), good()['otoroshi-state'])
    assert.equal(reasonOf(late), 'Otoroshi-Claim: it is out of date')
    assert.ok(believed(late, { secret, leeway: 60 }).ok)
  })
})

describe('settings', () => {
  it('that would believe anybody, or lack a key, are refused', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const weak = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }))
    for (const [settings, fault] of [
      [{}, /neither a secret nor info/],
      [{ secret: '' }, /empty secret/],
      [{ info: null, version: 'V1', secret }, /nothing tells who calls/],
      [{ info: null, version: 'none', secret }, /nothing tells who calls/],
      [{ info: { alg: 'HS256', secret } }, /neither a secret nor challenge/],
      [{ secret, info: { alg: 'RS256', publicKey: weak } }, /does not fit RS256/],
      [{ secret, info: { alg: 'ES256', publicKey: weak } }, /does not fit ES256/],
    ] as [BackendSettings, RegExp][])
      assert.throws(() => verifyOtoroshiRequest({ headers: {} }, settings), fault)
  })

  it('may leave the info token out where the challenge is signed', () => {
    assert.ok(believed(fields(undefined, good()['otoroshi-state']), { secret, info: null }).ok)
  })
})

function hmac(text: string): string {
  return createHmac('sha512', secret).update(text).digest('base64url')
}
