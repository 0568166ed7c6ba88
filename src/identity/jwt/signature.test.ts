import assert from 'node:assert/strict'
import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { type Jws, readJws } from './jws.ts'
import { isHmac, keySigned, secretSigned } from './signature.ts'

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(alg: string, make: (text: string) => Buffer): Jws {
  const text = `${part({ alg })}.${part({ iss: 'id' })}`
  return readJws(`${text}.${make(text).toString('base64url')}`)!
}
const hmac = (alg: string, hash: string, secret: string | Buffer): Jws =>
  signed(alg, text => createHmac(hash, secret).update(text).digest())
const asymmetric = (alg: string, hash: string, key: KeyObject): Jws =>
  signed(alg, text => sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve })
const p256 = curve('P-256')

test('the example of RFC 7515, A.1, verifies', () => {
  const text =
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
  const secret = Buffer.from(
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    'base64url',
  )
  assert.ok(secretSigned(readJws(text)!, secret))
  assert.ok(!secretSigned(readJws(text)!, secret.subarray(1)))
})

test('each HMAC verifies with its secret and no other', () => {
  for (const [alg, hash] of [
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const) {
    const token = hmac(alg, hash, 'secret')
    assert.ok(isHmac(token))
    assert.ok(secretSigned(token, 'secret'), alg)
    assert.ok(!secretSigned(token, 'other'), alg)
    assert.ok(!secretSigned(token, ''), alg)
    const cut = { ...token, signature: token.signature.subarray(0, 8) }
    assert.ok(!secretSigned(cut, 'secret'), `${alg} cut`)
  }
  assert.ok(!secretSigned(hmac('HS256', 'sha512', 'secret'), 'secret'), 'another hash than the header says')
})

test('each signature of a key pair verifies with its key', () => {
  const pairs = [
    ['RS256', 'sha256', rsa],
    ['RS384', 'sha384', rsa],
    ['RS512', 'sha512', rsa],
    ['ES256', 'sha256', p256],
    ['ES384', 'sha384', curve('P-384')],
    ['ES512', 'sha512', curve('P-521')],
  ] as const
  for (const [alg, hash, pair] of pairs) {
    const token = asymmetric(alg, hash, pair.privateKey)
    assert.ok(keySigned(token, pair.publicKey), alg)
    assert.ok(
      !keySigned({ ...token, signed: `${token.signed}x` }, pair.publicKey),
      `${alg} over another text`,
    )
  }
  assert.ok(!keySigned(asymmetric('ES256', 'sha256', p256.privateKey), curve('P-256').publicKey))
})

test('alg none is signed by nothing', () => {
  for (const alg of ['none', 'None', 'NONE', '', 'constructor', 'hs256']) {
    for (const make of [
      () => Buffer.from('x'),
      (text: string) => createHmac('sha256', 's').update(text).digest(),
    ]) {
      const token = signed(alg, make)
      assert.ok(!secretSigned(token, 's'), alg)
      assert.ok(!keySigned(token, rsa.publicKey), alg)
    }
  }
})

test('a public key is no secret, and a secret no public key', () => {
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
  const confused = hmac('HS256', 'sha256', pem)
  assert.ok(!keySigned(confused, rsa.publicKey))
  assert.ok(!keySigned(confused, createSecretKey(Buffer.from(pem))))
  assert.ok(!secretSigned(asymmetric('RS256', 'sha256', rsa.privateKey), pem))
  assert.ok(
    !keySigned(asymmetric('RS256', 'sha256', rsa.privateKey), rsa.privateKey),
    'a private key verifies nothing',
  )
})

test('a key serves only the algorithms of its kind', () => {
  assert.ok(!keySigned(asymmetric('ES256', 'sha256', p256.privateKey), rsa.publicKey))
  assert.ok(!keySigned(asymmetric('RS256', 'sha256', rsa.privateKey), p256.publicKey))
  const p384 = curve('P-384')
  assert.ok(
    !keySigned(asymmetric('ES256', 'sha256', p384.privateKey), p384.publicKey),
    'ES256 on another curve',
  )
  const ed = generateKeyPairSync('ed25519')
  assert.ok(!keySigned(asymmetric('RS256', 'sha256', rsa.privateKey), ed.publicKey))
})

test('RSA keys below 2048 bits are too short (RFC 7518, 3.3)', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  assert.ok(!keySigned(asymmetric('RS256', 'sha256', short.privateKey), short.publicKey))
})

test('a signature of any length is a wrong one, not an error', () => {
  for (const length of [1, 63, 64, 65, 256, 4096]) {
    const signature = Buffer.alloc(length, 1)
    for (const [alg, key] of [
      ['ES256', p256.publicKey],
      ['RS256', rsa.publicKey],
    ] as const)
      assert.equal(
        keySigned(
          signed(alg, () => signature),
          key,
        ),
        false,
        `${alg} ${length}`,
      )
  }
})
