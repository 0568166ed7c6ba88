/** Keys of message signatures as settings name them: written down, of a stored certificate, or published by a server. */
import type { KeyObject } from 'node:crypto'
import { type Algorithm, algorithms, inlineKey, keyFits } from '../../message-signatures/index.ts'
import { type AlgoSettings, type PluginServices, schema as v, tenantOf } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'

const algorithm = v.picklist(algorithms)

export const signatureKey = v.looseObject({
  kind: setting(v.picklist(['inline', 'cert', 'jwks']), 'inline', 'Where the key is: inline, cert or jwks'),
  secret_or_pem: setting(
    text,
    null,
    'inline: a PEM text, or a secret, which may be written behind `base64:`, `base64url:` or `hex:`',
  ),
  cert_id: setting(text, null, 'cert: id of a certificate'),
  url: setting(text, null, 'jwks: where the server publishes its keys'),
  keyid: setting(text, null, 'Only signatures that name this key; any unless set'),
  alg: setting(algorithm, null, 'The one algorithm of the key; what fits it unless set'),
})

export type SignatureKeySettings = v.InferOutput<typeof signatureKey>

/** A key that may have made a signature. */
export interface VerifyingKey {
  readonly keyid: string | null
  readonly alg: Algorithm | null
  /** The key for the algorithm; null when there is none. `alg` null: any the key has but one fit. Never rejects. */
  find(alg: Algorithm | null, keyid: string | null): FoundKey | null | Promise<FoundKey | null>
}

export interface FoundKey {
  readonly key: KeyObject
  readonly algorithm: Algorithm
}

/** Milliseconds that published keys are kept, and the longest wait for them. */
const JWKS_LIFE = 600_000
const JWKS_TIMEOUT = 5_000

/** RFC 7518 names of the algorithms, and the kinds of their keys. */
const OF_SETS: Readonly<Partial<Record<Algorithm, readonly [alg: string, kty: 'RSA' | 'EC' | 'OKP']>>> = {
  'rsa-pss-sha512': ['PS512', 'RSA'],
  'rsa-v1_5-sha256': ['RS256', 'RSA'],
  'ecdsa-p256-sha256': ['ES256', 'EC'],
  'ecdsa-p384-sha384': ['ES384', 'EC'],
  ed25519: ['EdDSA', 'OKP'],
}

/** Compiles a key that verifies. Throws when the settings hold none. */
export function verifyingKey(settings: SignatureKeySettings, services: PluginServices): VerifyingKey {
  const { keyid, alg } = settings
  const of = (key: KeyObject, wanted: Algorithm | null): FoundKey | null => {
    const fitting = algorithms.filter(one => (alg === null || one === alg) && keyFits(one, key))
    const chosen = wanted === null ? (fitting.length === 1 ? fitting[0] : undefined) : wanted
    return chosen !== undefined && fitting.includes(chosen) ? { key, algorithm: chosen } : null
  }
  switch (settings.kind) {
    case 'inline': {
      const key = inlineKey(settings.secret_or_pem ?? '', 'public')
      if (!algorithms.some(one => (alg === null || one === alg) && keyFits(one, key)))
        throw new Error('the key fits no algorithm, or not the one that is set')
      return { keyid, alg, find: wanted => of(key, wanted) }
    }
    case 'cert': {
      const id = required('cert_id', settings.cert_id)
      return {
        keyid,
        alg,
        find(wanted) {
          const pair = services.keyPairs.find(id)
          return pair === null ? null : of(pair.publicKey, wanted)
        },
      }
    }
    case 'jwks':
      return { keyid, alg, find: published(required('url', settings.url), alg, services) }
  }
}

function published(url: string, only: Algorithm | null, services: PluginServices): VerifyingKey['find'] {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Error('url: it is no http or https address')
  const tenant = tenantOf(services.route)
  const keysOf = (kty: string) => {
    const settings = {
      type: 'JWKSAlgoSettings',
      url,
      timeout: JWKS_TIMEOUT,
      headers: {},
      ttl: JWKS_LIFE,
      kty,
      proxy: null,
    }
    // Edwards keys have no name among the settings of tokens, but among the keys.
    return services.jwt.keys(settings as unknown as AlgoSettings, tenant)
  }
  const sets = { RSA: keysOf('RSA'), EC: keysOf('EC'), OKP: keysOf('OKP') }
  return (wanted, keyid) => {
    const algorithm = wanted ?? only
    const named = algorithm === null || (only !== null && only !== algorithm) ? undefined : OF_SETS[algorithm]
    // A published set must be told which of its keys is meant.
    if (algorithm === null || named === undefined || keyid === null) return null
    const [alg, kty] = named
    const key = sets[kty].verifying({ alg, kid: keyid })
    const found = (one: KeyObject | null): FoundKey | null => (one === null ? null : { key: one, algorithm })
    return key instanceof Promise ? key.then(found) : found(key)
  }
}

/** A key that signs, read anew at each call; null while there is none. Throws when the settings can never sign. */
export function signingKey(
  settings: SignatureKeySettings,
  algorithm: Algorithm,
  services: PluginServices,
): () => KeyObject | null {
  if (settings.alg !== null && settings.alg !== algorithm)
    throw new Error('key: alg is not the algorithm that is set')
  switch (settings.kind) {
    case 'inline': {
      const key = inlineKey(settings.secret_or_pem ?? '', 'private')
      if (!keyFits(algorithm, key)) throw new Error(`key: it does not fit ${algorithm}`)
      return () => key
    }
    case 'cert': {
      const id = required('cert_id', settings.cert_id)
      return () => {
        const key = services.keyPairs.signingKey(id, tenantOf(services.route))
        return key !== null && keyFits(algorithm, key) ? key : null
      }
    }
    case 'jwks':
      throw new Error('key: published keys sign nothing')
  }
}

function required(name: string, value: string | null): string {
  if (value === null || value.trim() === '') throw new Error(`${name} is missing`)
  return value.trim()
}
