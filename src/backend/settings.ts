/** What a backend and the gateway have agreed on. */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'

export type HmacAlgorithm = 'HS256' | 'HS384' | 'HS512'
export type PairAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512'

/** A secret both know. Bytes where the settings of the gateway say `base64`. */
export interface HmacKey {
  readonly alg: HmacAlgorithm
  readonly secret: string | Uint8Array
}

/** The public half of a key pair whose other half signs. PEM. */
export interface PublicHalf {
  readonly alg: PairAlgorithm
  readonly publicKey: string
}

/** The private half of a key pair. PEM. */
export interface PrivateHalf {
  readonly alg: PairAlgorithm
  readonly privateKey: string
}

export type VerifyingKey = HmacKey | PublicHalf
export type SigningKey = HmacKey | PrivateHalf

/** Settings of the plugins `OtoroshiChallenge` and `OtoroshiInfos` of the route, from the side of the backend. */
export interface BackendSettings {
  /** The secret of all three algorithms, with HS512. A key of its own below wins. */
  readonly secret?: string
  /** `algo` of the info token. Null: the gateway sends none. */
  readonly info?: VerifyingKey | null
  /** `algo_to_backend` of the challenge (V2). */
  readonly challenge?: VerifyingKey
  /** `algo_from_backend` of the challenge (V2). */
  readonly answer?: SigningKey
  /**
   * `version` of the challenge; V2 unless given. `V1` proves nothing about who calls: the info token must. `none`: the route
   * has no challenge.
   */
  readonly version?: 'V1' | 'V2' | 'none'
  /** Name of the route, which tokens must be for; any when absent. */
  readonly route?: string
  /** Issuer of the tokens; `Otoroshi` unless given. */
  readonly issuer?: string
  /** Seconds that clocks may differ; 10 unless given. */
  readonly leeway?: number
  /** Life of the answer to the challenge, seconds, at most the `ttl` of the challenge; 10 unless given. */
  readonly answerTtl?: number
  /** Names of the fields, where they are not the usual ones. */
  readonly fields?: { readonly state?: string; readonly stateResponse?: string; readonly claim?: string }
}

export interface Key {
  readonly alg: HmacAlgorithm | PairAlgorithm
  readonly key: KeyObject
}

/** The settings with every default, keys made. */
export interface Agreement {
  readonly info: Key | null
  readonly challenge: Key | null
  readonly answer: Key | null
  readonly version: 'V1' | 'V2' | 'none'
  readonly route: string | null
  readonly issuer: string
  readonly leeway: number
  readonly answerTtl: number
  readonly state: string
  readonly stateResponse: string
  readonly claim: string
}

/** Throws when the settings would believe anybody, or a key is missing or cannot be read. */
export function agreementOf(settings: BackendSettings): Agreement {
  const { secret, version = 'V2', fields = {} } = settings
  const shared: HmacKey | null = secret === undefined ? null : { alg: 'HS512', secret }
  const info = settings.info === null ? null : needed('info', settings.info ?? shared)
  if (info === null && version !== 'V2')
    throw new TypeError('without an info token and a challenge V2 nothing tells who calls')
  return {
    info: info === null ? null : verifying(info),
    challenge: version === 'V2' ? verifying(needed('challenge', settings.challenge ?? shared)) : null,
    answer: version === 'V2' ? signing(needed('answer', settings.answer ?? shared)) : null,
    version,
    route: settings.route ?? null,
    issuer: settings.issuer ?? 'Otoroshi',
    leeway: settings.leeway ?? 10,
    answerTtl: settings.answerTtl ?? 10,
    state: fields.state ?? 'Otoroshi-State',
    stateResponse: fields.stateResponse ?? 'Otoroshi-State-Resp',
    claim: fields.claim ?? 'Otoroshi-Claim',
  }
}

function needed<T>(name: string, key: T | null): T {
  if (key === null) throw new TypeError(`the settings give neither a secret nor ${name}`)
  return key
}

function verifying(given: VerifyingKey): Key {
  if ('secret' in given) return hmac(given)
  return { alg: given.alg, key: ofAlgorithm(given.alg, createPublicKey(given.publicKey)) }
}

function signing(given: SigningKey): Key {
  if ('secret' in given) return hmac(given)
  return { alg: given.alg, key: ofAlgorithm(given.alg, createPrivateKey(given.privateKey)) }
}

function hmac({ alg, secret }: HmacKey): Key {
  if (secret.length === 0) throw new TypeError('an empty secret is no secret')
  return { alg, key: createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : secret) }
}

const CURVES = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' } as const

function ofAlgorithm(alg: PairAlgorithm, key: KeyObject): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  const fits = alg.startsWith('RS')
    ? type === 'rsa' && (details?.modulusLength ?? 0) >= 2048
    : type === 'ec' && details?.namedCurve === CURVES[alg as keyof typeof CURVES]
  if (!fits) throw new TypeError(`the key does not fit ${alg}`)
  return key
}
