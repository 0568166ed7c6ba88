/** Makes signed JSON Web Tokens in compact form. */
import type { KeyObject } from 'node:crypto'
import { signatureOf } from './signature.ts'

/** What a token is signed with. */
export interface SigningKey {
  readonly alg: string
  /** A secret or a private key that fits. */
  readonly key: KeyObject
  /** Name of the key in the header, or null for none. */
  readonly kid: string | null
}

/** The token with these claims. Throws when the key does not fit its algorithm. */
export function signToken({ alg, key, kid }: SigningKey, claims: Readonly<Record<string, unknown>>): string {
  const header = kid === null ? { alg, typ: 'JWT' } : { alg, typ: 'JWT', kid }
  const signed = `${part(header)}.${part(claims)}`
  return `${signed}.${signatureOf(alg, signed, key).toString('base64url')}`
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
