/** Tokens and key pairs for tests of plugins. */
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type Jws, readJws } from '../../identity/jwt/jws.ts'
import { signToken } from '../../identity/jwt/signing.ts'
import type { KeyPairSource } from '../../plugin/index.ts'

type Json = Readonly<Record<string, unknown>>

export const SECRET = 'a secret of tests'
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Settings of keys that are one secret. */
export const bySecret = (secret = SECRET) => ({ type: 'HSAlgoSettings', size: 256, secret, base64: false })

export const token = (claims: Json, secret = SECRET): string =>
  signToken({ alg: 'HS256', key: createSecretKey(Buffer.from(secret)), kid: null }, claims)

/** A token as the backend got it. Throws when it is none. */
export function read(text: string | undefined): Jws {
  const jws = readJws(text ?? '')
  if (jws === null) throw new Error(`no token: ${text}`)
  return jws
}

/** A verifier of tokens in `X-JWT-Token`. */
export const verifier = (more: Json = {}): Json => ({
  name: 'verifier',
  strict: true,
  source: { type: 'InHeader', name: 'X-JWT-Token', remove: '' },
  algoSettings: bySecret(),
  strategy: { type: 'PassThrough', verificationSettings: { fields: {}, arrayFields: {} } },
  ...more,
})

/** One stored RSA key pair. */
export const keyPairs = (id: string, privateKey: KeyObject | null = rsa.privateKey): KeyPairSource => ({
  find: wanted =>
    wanted === id ? { publicKey: rsa.publicKey, signsTokens: true, exposed: false, tenant: 'default' } : null,
  signingKey: wanted => (wanted === id ? privateKey : null),
})

/** Fields of an OAuth 2 module whose tokens are signed with `SECRET`. */
export const oauthFields = (more: Json = {}): Json => ({
  type: 'oauth2',
  id: 'idp',
  name: 'idp',
  clientId: 'gateway',
  clientSecret: 'of the gateway',
  tokenUrl: 'https://idp.test/token',
  userInfoUrl: 'https://idp.test/userinfo',
  introspectionUrl: 'https://idp.test/introspect',
  jwtVerifier: bySecret(),
  ...more,
})
