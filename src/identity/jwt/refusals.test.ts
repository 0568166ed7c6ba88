/** Tokens of an attacker, against every kind of keys. */
import assert from 'node:assert/strict'
import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { parse } from '../../schema/index.ts'
import { type AlgoSettings, algoSettingsSchema } from '../../model/types/algo-settings.ts'
import { algoKeys, type KeyOrigins, type StoredPair } from './algo-keys.ts'
import { LONGEST_TOKEN } from './jws.ts'
import { RemoteKeys } from './remote-keys.ts'
import { signToken } from './signing.ts'
import { VerifiedTokens } from './verified-tokens.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const ed = generateKeyPairSync('ed25519')
const secret = 'a secret that nobody knows, long enough'
const NOW = 1_800_000_000_000
const seconds = NOW / 1000

const pem = (key: KeyObject): string =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }) as string
const pair = (publicKey: KeyObject, more: Partial<StoredPair> = {}): StoredPair => ({
  publicKey,
  signsTokens: true,
  exposed: false,
  tenant: 'here',
  ...more,
})
const pairs: Readonly<Record<string, StoredPair>> = {
  rsa: pair(rsa.publicKey),
  ec: pair(p256.publicKey),
  ed: pair(ed.publicKey),
  server: pair(rsa.publicKey, { signsTokens: false }),
  published: pair(rsa.publicKey, { signsTokens: false, exposed: true }),
  theirs: pair(rsa.publicKey, { tenant: 'there' }),
  'otoroshi-jwt-signing': pair(rsa.publicKey, { tenant: 'default' }),
}
const jwk = (key: KeyObject, more: object): object => ({ ...key.export({ format: 'jwk' }), ...more })
const set = JSON.stringify({
  keys: [
    jwk(rsa.publicKey, { kid: 'rsa' }),
    jwk(rsa.publicKey, { kid: 'rs512 only', alg: 'RS512' }),
    jwk(rsa.publicKey, { kid: 'encrypts', use: 'enc' }),
    jwk(rsa.publicKey, { kid: 'signs', key_ops: ['sign'] }),
    jwk(rsa.privateKey, { kid: 'private' }),
    jwk(small.publicKey, { kid: 'small' }),
    jwk(k256.publicKey, { kid: 'k256' }),
    { kty: 'oct', kid: 'oct', k: Buffer.from(secret).toString('base64url') },
    jwk(p256.publicKey, { kid: 'ec' }),
    jwk(ed.publicKey, { kid: 'ed' }),
  ],
})
const origins: KeyOrigins = {
  text: written => written,
  pairs: {
    find: id => (Object.hasOwn(pairs, id) ? pairs[id]! : null),
    signingKey: id => ({ rsa: rsa.privateKey, ec: p256.privateKey })[id] ?? null,
  },
  remote: () => new RemoteKeys({ fetch: async () => set, ttl: 60_000, now: () => 0, onFault: () => {} }),
}

function settings(json: object): AlgoSettings {
  const parsed = parse(algoSettingsSchema, json)
  assert.ok(parsed.ok)
  return parsed.value
}
const HS = settings({ type: 'HSAlgoSettings', size: 256, secret })
const RS = settings({ type: 'RSAlgoSettings', size: 256, publicKey: pem(rsa.publicKey) })
const ES = settings({ type: 'ESAlgoSettings', size: 256, publicKey: pem(p256.publicKey) })
const JWKS = settings({ type: 'JWKSAlgoSettings', url: 'https://keys.test/', kty: 'RSA' })
const JWKS_EC = settings({ type: 'JWKSAlgoSettings', url: 'https://keys.test/', kty: 'EC' })
const JWKS_ED = settings({ type: 'JWKSAlgoSettings', url: 'https://keys.test/', kty: 'OKP' })
const RSAKP = settings({ type: 'RSAKPAlgoSettings', size: 256, certId: 'rsa' })
const KID = settings({ type: 'KidAlgoSettings' })
const KID_PUBLISHED = settings({ type: 'KidAlgoSettings', onlyExposedCerts: true })

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const claims = { sub: 'a', exp: seconds + 60 }
const raw = (header: unknown, body: unknown, make: (text: string) => Buffer): string => {
  const text = `${part(header)}.${part(body)}`
  return `${text}.${make(text).toString('base64url')}`
}
const byRsa = (text: string): Buffer => sign('sha256', Buffer.from(text), rsa.privateKey)
const hmac = (key: string | Buffer) => (text: string) => createHmac('sha256', key).update(text).digest()
const token = (alg: string, key: KeyObject, kid: string | null = null, body: object = claims): string =>
  signToken({ alg, key, kid }, body as Record<string, unknown>)

async function accepted(text: string, of: AlgoSettings): Promise<boolean> {
  const { ok } = await new VerifiedTokens().verify(text, algoKeys(of, 'here', origins), NOW)
  return ok
}

const good: readonly (readonly [string, AlgoSettings, string])[] = [
  ['a secret', HS, token('HS256', createSecretKey(Buffer.from(secret)))],
  ['RSA', RS, token('RS256', rsa.privateKey)],
  ['a curve', ES, token('ES256', p256.privateKey)],
  ['RSA of a set', JWKS, token('RS384', rsa.privateKey, 'rsa')],
  ['RSA-PSS of a set', JWKS, token('PS256', rsa.privateKey, 'rsa')],
  ['the only algorithm of a key', JWKS, token('RS512', rsa.privateKey, 'rs512 only')],
  ['a curve of a set', JWKS_EC, token('ES256', p256.privateKey, 'ec')],
  ['Ed25519 of a set', JWKS_ED, token('EdDSA', ed.privateKey, 'ed')],
  ['Ed25519 by its own name', JWKS_ED, token('Ed25519', ed.privateKey, 'ed')],
  ['a stored pair', RSAKP, token('RS256', rsa.privateKey)],
  ['a stored pair the token names', KID, token('EdDSA', ed.privateKey, 'ed')],
  ['the pair of the gateway', KID, token('RS256', rsa.privateKey, 'otoroshi-jwt-signing')],
  ['a published certificate', KID_PUBLISHED, token('RS256', rsa.privateKey, 'published')],
  [
    'a header with a key nobody looks at',
    RS,
    raw({ alg: 'RS256', jku: 'https://evil.test', x5t: 'x' }, claims, byRsa),
  ],
]
describe('a token is accepted that is signed with', () => {
  for (const [what, of, text] of good) test(what, async () => assert.equal(await accepted(text, of), true))
})

const evil = generateKeyPairSync('rsa', { modulusLength: 2048 })
const bad: readonly (readonly [string, AlgoSettings, string])[] = [
  ['alg none', RS, `${part({ alg: 'none' })}.${part(claims)}.`],
  ['alg none with a signature', RS, raw({ alg: 'none' }, claims, byRsa)],
  ['alg NONE', HS, raw({ alg: 'NONE' }, claims, hmac(secret))],
  ['no alg', HS, raw({}, claims, hmac(secret))],
  ['alg that is no text', HS, raw({ alg: ['HS256'] }, claims, hmac(secret))],
  ['alg in another case', HS, raw({ alg: 'hs256' }, claims, hmac(secret))],
  ['a public key as a secret', RS, raw({ alg: 'HS256' }, claims, hmac(pem(rsa.publicKey)))],
  [
    'a public key of a set as a secret',
    JWKS,
    raw({ alg: 'HS256', kid: 'rsa' }, claims, hmac(pem(rsa.publicKey))),
  ],
  ['a secret of a set', JWKS, raw({ alg: 'HS256', kid: 'oct' }, claims, hmac(secret))],
  [
    'an empty secret',
    settings({ type: 'HSAlgoSettings', size: 256, secret: '' }),
    raw({ alg: 'HS256' }, claims, hmac('')),
  ],
  [
    'a secret of no bytes',
    settings({ type: 'HSAlgoSettings', size: 256, secret: '====', base64: true }),
    raw({ alg: 'HS256' }, claims, hmac('')),
  ],
  ['another hash', HS, token('HS512', createSecretKey(Buffer.from(secret)))],
  ['another hash of RSA', RS, token('RS512', rsa.privateKey)],
  ['PSS where PKCS 1 is meant', RS, token('PS256', rsa.privateKey)],
  [
    'a key it brings along',
    RS,
    raw({ alg: 'RS256', jwk: evil.publicKey.export({ format: 'jwk' }) }, claims, text =>
      sign('sha256', Buffer.from(text), evil.privateKey),
    ),
  ],
  ['an extension it asks for', RS, raw({ alg: 'RS256', crit: ['exp'] }, claims, byRsa)],
  ['an empty crit', RS, raw({ alg: 'RS256', crit: [] }, claims, byRsa)],
  ['a payload that is not encoded', RS, raw({ alg: 'RS256', b64: false }, claims, byRsa)],
  ['alg twice', RS, raw('{"alg":"none","alg":"RS256"}', claims, byRsa)],
  ['a claim twice', RS, raw({ alg: 'RS256' }, '{"sub":"a","sub":"b"}', byRsa)],
  ['claims that are a list', RS, raw({ alg: 'RS256' }, '["a"]', byRsa)],
  [
    'claims that are no UTF-8',
    RS,
    (() => {
      const text = `${part({ alg: 'RS256' })}.${Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url')}`
      return `${text}.${byRsa(text).toString('base64url')}`
    })(),
  ],
  ['no signature', RS, `${part({ alg: 'RS256' })}.${part(claims)}.`],
  ['two parts', RS, `${part({ alg: 'RS256' })}.${part(claims)}`],
  ['four parts', RS, `${token('RS256', rsa.privateKey)}.AAAA`],
  ['padding', RS, `${token('RS256', rsa.privateKey)}=`],
  ['spaces', RS, ` ${token('RS256', rsa.privateKey)}`],
  [
    'the other alphabet of base64',
    HS,
    token('HS256', createSecretKey(Buffer.from(secret))).replace(/.$/, '+'),
  ],
  [
    'a signature in DER',
    ES,
    raw({ alg: 'ES256' }, claims, text => sign('sha256', Buffer.from(text), p256.privateKey)),
  ],
  ['a signature of zeros', ES, raw({ alg: 'ES256' }, claims, () => Buffer.alloc(64))],
  ['another curve', ES, token('ES384', p384.privateKey)],
  [
    'a curve no algorithm has',
    JWKS_EC,
    raw({ alg: 'ES256', kid: 'k256' }, claims, text =>
      sign('sha256', Buffer.from(text), { key: k256.privateKey, dsaEncoding: 'ieee-p1363' }),
    ),
  ],
  [
    'a weak key',
    JWKS,
    raw({ alg: 'RS256', kid: 'small' }, claims, text => sign('sha256', Buffer.from(text), small.privateKey)),
  ],
  [
    'a weak key in settings',
    settings({ type: 'RSAlgoSettings', size: 256, publicKey: pem(small.publicKey) }),
    raw({ alg: 'RS256' }, claims, text => sign('sha256', Buffer.from(text), small.privateKey)),
  ],
  ['a key that encrypts', JWKS, token('RS256', rsa.privateKey, 'encrypts')],
  ['a key that only signs', JWKS, token('RS256', rsa.privateKey, 'signs')],
  ['a private key that was published', JWKS, token('RS256', rsa.privateKey, 'private')],
  ['another algorithm than the key is for', JWKS, token('RS256', rsa.privateKey, 'rs512 only')],
  ['a key of another type', JWKS, token('ES256', p256.privateKey, 'ec')],
  ['no name where a set is asked', JWKS, token('RS256', rsa.privateKey)],
  ['the certificate of a server', KID, token('RS256', rsa.privateKey, 'server')],
  ['a pair of another organization', KID, token('RS256', rsa.privateKey, 'theirs')],
  ['a pair that is not published', KID_PUBLISHED, token('RS256', rsa.privateKey, 'rsa')],
  ['a name of every object', KID, token('RS256', rsa.privateKey, '__proto__')],
  ['no certificate at all', KID, token('RS256', rsa.privateKey)],
  [
    'a pair that does not exist',
    settings({ type: 'RSAKPAlgoSettings', size: 256, certId: 'none' }),
    token('RS256', rsa.privateKey),
  ],
  [
    'a pair of another type',
    settings({ type: 'ESKPAlgoSettings', size: 256, certId: 'rsa' }),
    token('RS256', rsa.privateKey),
  ],
  [
    'settings that are no key',
    settings({ type: 'RSAlgoSettings', size: 256, publicKey: 'no PEM' }),
    token('RS256', rsa.privateKey),
  ],
  ['a token past its end', RS, token('RS256', rsa.privateKey, null, { exp: seconds - 11 })],
  ['a token of tomorrow', RS, token('RS256', rsa.privateKey, null, { nbf: seconds + 11 })],
  ['an end that is no number', RS, token('RS256', rsa.privateKey, null, { exp: '9999999999' })],
  ['more than anybody reads', RS, token('RS256', rsa.privateKey, null, { pad: 'x'.repeat(LONGEST_TOKEN) })],
  ['nothing', RS, ''],
  ['dots', RS, '..'],
]
describe('a token is refused that has', () => {
  for (const [what, of, text] of bad) test(what, async () => assert.equal(await accepted(text, of), false))
})

test('every character of a good token counts', async () => {
  const text = token('ES256', p256.privateKey)
  const keys = algoKeys(ES, 'here', origins)
  const tokens = new VerifiedTokens()
  assert.ok((await tokens.verify(text, keys, NOW)).ok)
  for (let at = 0; at < text.length; at++)
    for (const char of 'A_z') {
      if (text[at] === char) continue
      const { ok } = await tokens.verify(text.slice(0, at) + char + text.slice(at + 1), keys, NOW)
      assert.equal(ok, false, `${char} at ${at}`)
    }
})

describe('who may sign', () => {
  const signs = (of: AlgoSettings): string | undefined => algoKeys(of, 'here', origins).signing()?.alg
  test('secrets, private keys of settings and stored pairs', () => {
    assert.equal(signs(HS), 'HS256')
    assert.equal(signs({ ...RS, privateKey: pem(rsa.privateKey) } as AlgoSettings), 'RS256')
    assert.equal(signs({ ...ES, privateKey: pem(p256.privateKey) } as AlgoSettings), 'ES256')
    assert.equal(signs(RSAKP), 'RS256')
  })
  test('nobody else', () => {
    for (const keys of [RS, ES, JWKS, KID, settings({ type: 'RSAKPAlgoSettings', size: 256, certId: 'ec' })])
      assert.equal(signs(keys), undefined, keys.type)
    assert.equal(signs({ ...RS, privateKey: pem(small.privateKey) } as AlgoSettings), undefined)
    assert.equal(signs({ ...ES, privateKey: pem(p384.privateKey) } as AlgoSettings), undefined)
  })
})
