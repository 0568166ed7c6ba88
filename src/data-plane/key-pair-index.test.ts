import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { KeyPairIndex } from './key-pair-index.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string

/** Signed by itself, valid from 2026-11-25 to 2027-11-25 (made once with `openssl req -x509`). */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfDCCASGgAwIBAgIUWDqr2W9b5oIcftHLUlJsooEVes8wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIa2V5IHBhaXIwHhcNMjYxMTI1MTkzNzQxWhcNMjcxMTI1MTkz
NzQxWjATMREwDwYDVQQDDAhrZXkgcGFpcjBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABLZVe5IpfQbfRHTznY2fw5YkFKahEhoJFL16GP9LMkFndTe0czo0g/kxpVvH
bDoS/yWZukwSRHj1J9FT5Y7kidWjUzBRMB0GA1UdDgQWBBSvlE1xv84C1WKzLD9z
lzezzsqcGzAfBgNVHSMEGDAWgBSvlE1xv84C1WKzLD9zlzezzsqcGzAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQC60CRBG6Vkf1VNyihWz6OJEY8N
KcHEpbb/Il6HYj52gAIhAIJFroKpZYkfkjB68tMaO63mnzabTQDnfBXnB0gsEfR0
-----END CERTIFICATE-----`

const stored = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({ id: 'k', domain: 'k', name: 'k', description: 'k', chain: pem, keypair: true, ...more })
const at = (text: string | undefined, now?: string): KeyPairIndex =>
  new KeyPairIndex(() => text, now === undefined ? undefined : () => Date.parse(now))

test('a bare key pair is found with what it is for', () => {
  const found = at(stored({ _loc: { tenant: 't', teams: [] } })).find('k')!
  assert.ok(found.publicKey.equals(publicKey))
  assert.equal(found.signsTokens, true)
  assert.equal(found.tenant, 't')
  assert.equal(at(stored({ keypair: false })).find('k')!.signsTokens, false)
})

test('a private key in place of the certificate gives its public half and no more', () => {
  const chain = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  assert.equal(at(stored({ chain })).find('k')?.publicKey.type, 'public')
})

test('a certificate is found while it is valid', () => {
  const text = stored({ chain: CERTIFICATE })
  assert.equal(at(text, '2027-06-01').find('k')!.publicKey.type, 'public')
  assert.equal(at(text, '2026-11-24').find('k'), null)
  assert.equal(at(text, '2027-11-26').find('k'), null)
})

test('what is not there, revoked or unreadable is not found', () => {
  assert.equal(at(undefined).find('k'), null)
  assert.equal(at(stored({ revoked: true })).find('k'), null)
  assert.equal(at(stored({ chain: '' })).find('k'), null)
  assert.equal(
    at(stored({ chain: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' })).find('k'),
    null,
  )
  assert.equal(at('not JSON').find('k'), null)
})

test('a changed certificate is read anew', () => {
  let text: string | undefined = stored()
  let reads = 0
  const index = new KeyPairIndex(() => {
    reads++
    return text
  })
  assert.notEqual(index.find('k'), null)
  assert.notEqual(index.find('k'), null)
  assert.equal(reads, 1)
  text = stored({ revoked: true })
  index.forget('k')
  assert.equal(index.find('k'), null)
  text = undefined
  index.forget('k')
  assert.equal(index.find('k'), null)
})

test('ids of clients do not fill the memory', () => {
  let reads = 0
  const counting = (text: string | undefined): KeyPairIndex =>
    new KeyPairIndex(() => {
      reads++
      return text
    })
  const index = counting(stored())
  for (let i = 0; i < 1500; i++) index.find(`k${i}`)
  assert.equal(reads, 1500)
  index.find('k1499')
  assert.equal(reads, 1500, 'the last ones are kept')
  index.find('k0')
  assert.equal(reads, 1501, 'the first ones are not')
  reads = 0
  const none = counting(undefined)
  for (let i = 0; i < 10; i++) none.find('same')
  assert.equal(reads, 10, 'nothing is kept for an id without a certificate')
})

test('the private half is found for who signs, and only that of the public key', () => {
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const signing = (more: Record<string, unknown>, now?: string) =>
    at(stored(more), now).signingKey('k', 'default')
  assert.ok(signing({ privateKey: privateKeyPem })!.equals(privateKey))
  const locked = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'opens it',
  }) as string
  assert.ok(signing({ privateKey: locked, password: 'opens it' })!.equals(privateKey))
  assert.equal(signing({ privateKey: locked, password: 'does not' }), null)
  assert.equal(signing({ privateKey: locked }), null)
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  assert.equal(signing({ privateKey: other.export({ type: 'pkcs8', format: 'pem' }) as string }), null)
  assert.equal(signing({}), null)
  assert.equal(signing({ privateKey: 'no PEM' }), null)
  assert.equal(signing({ privateKey: privateKeyPem, revoked: true }), null)
  assert.equal(signing({ privateKey: privateKeyPem, chain: CERTIFICATE }, '2028-01-01'), null)
  assert.equal(at(undefined).signingKey('k', 'default'), null)
})
