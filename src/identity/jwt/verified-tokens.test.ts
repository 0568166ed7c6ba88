import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { algorithmsOf } from './algorithms.ts'
import type { Claims } from './jws.ts'
import { signToken } from './signing.ts'
import type { TokenKeys } from './token-keys.ts'
import { type Verification, VerifiedTokens } from './verified-tokens.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const NOW = 1_800_000_000_000
const seconds = NOW / 1000

const keysOf = (get: () => KeyObject | null): TokenKeys => {
  const all = algorithmsOf('hmac', 'rsa')
  return { accepts: alg => all.has(alg), verifying: get, signing: () => null }
}
const signed = (claims: Claims, key = rsa.privateKey): string =>
  signToken({ alg: 'RS256', key, kid: 'k' }, claims)
const outcome = (verification: Verification | Promise<Verification>): string => {
  assert.ok(!(verification instanceof Promise))
  return verification.ok ? 'ok' : verification.fault
}

describe('a token that was verified', () => {
  test('costs little the second time: no signature is computed', () => {
    const tokens = new VerifiedTokens()
    const keys = keysOf(() => rsa.publicKey)
    const token = signed({ sub: 'a', exp: seconds + 60 })
    for (let i = 0; i < 5; i++) assert.equal(outcome(tokens.verify(token, keys, NOW)), 'ok')
    assert.equal(tokens.computed, 1)
    assert.equal(tokens.size, 1)
  })

  test('never outlives its end', () => {
    const tokens = new VerifiedTokens()
    const keys = keysOf(() => rsa.publicKey)
    const token = signed({ exp: seconds + 60 })
    assert.equal(outcome(tokens.verify(token, keys, NOW)), 'ok')
    assert.equal(outcome(tokens.verify(token, keys, NOW + 70_000)), 'ok', 'clocks may differ by ten seconds')
    assert.equal(outcome(tokens.verify(token, keys, NOW + 70_001)), 'it is expired')
    assert.equal(tokens.size, 0)
  })

  test('is verified anew when the key is another one, and refused when that did not sign it', () => {
    const tokens = new VerifiedTokens()
    let key: KeyObject | null = rsa.publicKey
    const keys = keysOf(() => key)
    const token = signed({ sub: 'a' })
    assert.equal(outcome(tokens.verify(token, keys, NOW)), 'ok')
    key = other.publicKey
    assert.equal(outcome(tokens.verify(token, keys, NOW)), 'the signature is wrong')
    key = null
    assert.equal(outcome(tokens.verify(token, keys, NOW)), 'there is no key to verify it with')
  })

  test('is not taken for one that differs in one character', () => {
    const tokens = new VerifiedTokens()
    const keys = keysOf(() => rsa.publicKey)
    const token = signed({ sub: 'a' })
    assert.equal(outcome(tokens.verify(token, keys, NOW)), 'ok')
    const [head, , signature] = token.split('.')
    const forged = `${head}.${Buffer.from('{"sub":"b"}').toString('base64url')}.${signature}`
    assert.equal(outcome(tokens.verify(forged, keys, NOW)), 'the signature is wrong')
    assert.equal(tokens.size, 1)
  })

  test('is not taken for one that a verifier with another list of algorithms accepts', () => {
    const tokens = new VerifiedTokens()
    const token = signed({ sub: 'a' })
    assert.equal(
      outcome(
        tokens.verify(
          token,
          keysOf(() => rsa.publicKey),
          NOW,
        ),
      ),
      'ok',
    )
    const only = { ...keysOf(() => rsa.publicKey), accepts: (alg: string) => alg === 'RS512' }
    assert.equal(outcome(tokens.verify(token, only, NOW)), 'the algorithm is another one')
  })

  test('gives claims that nobody can change for the next one', () => {
    const tokens = new VerifiedTokens()
    const keys = keysOf(() => rsa.publicKey)
    const token = signed({ roles: ['a'], deep: { list: [1] } })
    const first = tokens.verify(token, keys, NOW)
    assert.ok(!(first instanceof Promise) && first.ok)
    assert.throws(() => (first.token.claims['roles'] as string[]).push('admin'), TypeError)
    assert.throws(() => ((first.token.claims['deep'] as { list: unknown[] }).list = []), TypeError)
  })
})

test('what is kept is bounded in number and in size, and what was bad is not kept', () => {
  const keys = keysOf(() => createSecretKey(Buffer.from('secret')))
  const fixed = createSecretKey(Buffer.from('secret'))
  const same = keysOf(() => fixed)
  const make = (i: number, pad = ''): string => signToken({ alg: 'HS256', key: fixed, kid: null }, { i, pad })
  const few = new VerifiedTokens({ tokens: 3, characters: 1_000_000 })
  for (let i = 0; i < 10; i++) few.verify(make(i), same, NOW)
  assert.equal(few.size, 3)
  few.verify(make(7), same, NOW)
  few.verify(make(10), same, NOW)
  const before = few.computed
  few.verify(make(7), same, NOW)
  assert.equal(few.computed, before, 'the one used last stays')
  const small = new VerifiedTokens({ tokens: 100, characters: 3000 })
  for (let i = 0; i < 10; i++) small.verify(make(i, 'x'.repeat(1000)), same, NOW)
  assert.ok(small.size <= 2)
  const bad = new VerifiedTokens()
  bad.verify(`${make(1).slice(0, -4)}AAAA`, keys, NOW)
  bad.verify('no.token.here', keys, NOW)
  assert.equal(bad.size, 0)
})

test('keys that must be fetched are waited for', async () => {
  const tokens = new VerifiedTokens()
  const late: TokenKeys = {
    accepts: () => true,
    verifying: () => Promise.resolve(rsa.publicKey),
    signing: () => null,
  }
  const verification = tokens.verify(signed({ sub: 'a' }), late, NOW)
  assert.ok(verification instanceof Promise)
  assert.equal((await verification).ok, true)
})
