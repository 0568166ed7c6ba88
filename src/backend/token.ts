/** JSON Web Tokens as the gateway makes and wants them (RFC 7515, RFC 7519). */
import { createHmac, sign, timingSafeEqual, verify } from 'node:crypto'
import type { Key } from './settings.ts'

export type Claims = Readonly<Record<string, unknown>>

const LONGEST = 16_384
const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/** What a token must be like. */
export interface Terms {
  readonly issuer: string
  /** Null: for anybody. */
  readonly audience: string | null
  /** Seconds that clocks may differ. */
  readonly leeway: number
}

/** The claims of a token, or why it is not believed. */
export function readToken(text: string, key: Key, terms: Terms): Claims | string {
  const parts = text.length > LONGEST ? null : FORM.exec(text)
  if (parts === null) return 'it is no token'
  const [, head, body, signature] = parts as unknown as [string, string, string, string]
  const header = objectIn(head)
  const claims = objectIn(body)
  if (header === null || claims === null || Object.hasOwn(header, 'crit')) return 'it is no token'
  // The agreement says how tokens are signed, never the token.
  if (header['alg'] !== key.alg) return `it is not signed with ${key.alg}`
  const bytes = Buffer.from(signature, 'base64url')
  // One spelling only: bits that are left over at its end are zero.
  const plain = bytes.toString('base64url') === signature
  if (!plain || !isSigned(`${head}.${body}`, bytes, key)) return 'the signature is wrong'
  return termsFault(claims, terms) ?? claims
}

/** A token with these claims. */
export function writeToken(claims: Claims, key: Key): string {
  const signed = `${encoded({ typ: 'JWT', alg: key.alg })}.${encoded(claims)}`
  return `${signed}.${signatureOf(signed, key).toString('base64url')}`
}

function termsFault(claims: Claims, { issuer, audience, leeway }: Terms): string | null {
  const now = Date.now() / 1000
  const { iss, aud, exp, nbf, iat } = claims
  if (iss !== issuer) return `it does not come from ${issuer}`
  if (audience !== null && aud !== audience && !(Array.isArray(aud) && aud.includes(audience)))
    return `it is not for ${audience}`
  if (typeof exp !== 'number') return 'it has no end'
  if (now - leeway > exp) return 'it is out of date'
  for (const start of [nbf, iat]) {
    if (start === undefined) continue
    if (typeof start !== 'number') return 'its time cannot be read'
    if (now + leeway < start) return 'it is not valid yet'
  }
  return null
}

function objectIn(part: string): Claims | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null
  } catch {
    return null
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function hashOf({ alg }: Key): string {
  return `sha${alg.slice(2)}`
}

function isSigned(signed: string, signature: Buffer, key: Key): boolean {
  if (key.key.type === 'secret') {
    const expected = signatureOf(signed, key)
    return expected.length === signature.length && timingSafeEqual(expected, signature)
  }
  return verify(hashOf(key), Buffer.from(signed), { key: key.key, dsaEncoding: 'ieee-p1363' }, signature)
}

function signatureOf(signed: string, key: Key): Buffer {
  if (key.key.type === 'secret') return createHmac(hashOf(key), key.key).update(signed).digest()
  return sign(hashOf(key), Buffer.from(signed), { key: key.key, dsaEncoding: 'ieee-p1363' })
}
