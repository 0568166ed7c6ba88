/** Public test vectors of signatures (Wycheproof), where they are there. */
import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { algorithm, fits } from './algorithms.ts'
import { readPublicJwk, verifiesWith } from './jwk.ts'
import { type CompactJws, readCompact } from './jws.ts'
import { readKeySet } from './key-set.ts'
import { signedWith } from './signature.ts'

type Json = Readonly<Record<string, unknown>>
interface Group {
  readonly comment: string
  readonly private: Json
  readonly public?: Json
  readonly tests: readonly { readonly tcId: number; readonly jws: unknown; readonly result: string }[]
}

/** Verifies as the gateway would: the key says which algorithm it is for, and the token must be of that one. */
function accepts(jws: unknown, jwk: Json): boolean {
  const token = typeof jws === 'string' ? readCompact(jws) : null
  if (token === null) return false
  const key = Array.isArray(jwk['keys']) ? keyOfSet(token, jwk) : keyFor(token.alg, jwk)
  return key !== null && signedWith(token, key)
}

function keyOfSet(token: CompactJws, jwks: Json): KeyObject | null {
  const set = readKeySet(JSON.stringify(jwks))
  return set?.find(token, 'RSA') ?? set?.find(token, 'EC') ?? null
}

function keyFor(alg: string, jwk: Json): KeyObject | null {
  if (jwk['kty'] !== 'oct') {
    const key = readPublicJwk(jwk)
    return key !== null && verifiesWith(key, alg) ? key.key : null
  }
  const secret = createSecretKey(Buffer.from(String(jwk['k']), 'base64url'))
  const facts = algorithm(alg)
  return jwk['alg'] === alg && jwk['use'] === 'sig' && facts !== null && fits(facts, secret) ? secret : null
}

/** Valid by the vectors, refused here. */
function strictness(jws: unknown, jwk: Json): string | null {
  const token = typeof jws === 'string' ? readCompact(jws) : null
  if (token === null) return 'a character that is no base64'
  if (Array.isArray(jwk['keys'])) return token.alg.startsWith('HS') ? 'a published secret' : null
  return jwk['alg'] !== token.alg ? 'a key for another algorithm' : null
}

/** Vectors whose text is, against their description, letter for letter that of a good token. */
const MISPRINTED = new Set(['json_web_signature_test 367', 'json_web_signature_test 370'])

const files = {
  json_web_signature_test: { accepted: 40, refused: 353, strict: 6 },
  json_web_key_test: { accepted: 1, refused: 21, strict: 4 },
  json_web_crypto_test: { accepted: 3, refused: 45, strict: 1 },
}
for (const [name, expected] of Object.entries(files)) {
  const file = new URL(`../../../../shared/corpora/jose/${name}.json`, import.meta.url)
  test(`${name}: what is invalid is refused, what is valid is accepted`, { skip: !existsSync(file) }, () => {
    const { testGroups } = JSON.parse(readFileSync(file, 'utf8')) as { readonly testGroups: readonly Group[] }
    const counts = { accepted: 0, refused: 0, strict: 0 }
    for (const group of testGroups)
      for (const { tcId, jws, result } of group.tests) {
        if (jws === undefined || MISPRINTED.has(`${name} ${tcId}`)) continue
        const jwk = group.public ?? group.private
        const told = `${name} ${tcId} (${group.comment})`
        const verdict = accepts(jws, jwk)
        if (result === 'invalid') assert.equal(verdict, false, `${told} is invalid`)
        else if (!verdict) assert.notEqual(strictness(jws, jwk), null, `${told} is valid`)
        counts[verdict ? 'accepted' : result === 'invalid' ? 'refused' : 'strict']++
      }
    assert.deepEqual(counts, expected)
  })
}
