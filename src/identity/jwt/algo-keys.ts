/**
 * From settings (`AlgoSettings`) to keys.
 *
 * Guarantees: each kind of settings accepts a closed list of algorithms; secrets, public keys and private keys never stand for each
 * other; settings that cannot be read have no key, so nothing passes; a stored private key signs for its own organization only.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import type { AlgoSettings } from '../../model/types/algo-settings.ts'
import { algorithm, algorithmsOf, fits } from './algorithms.ts'
import { algorithmsOfType } from './jwk.ts'
import type { RemoteKeys } from './remote-keys.ts'
import { isPredictable } from './roca.ts'
import { noKeys, type TokenKeys } from './token-keys.ts'

/** A stored key pair. */
export interface StoredPair {
  readonly publicKey: KeyObject
  readonly signsTokens: boolean
  readonly exposed: boolean
  readonly tenant: string
}

export interface KeyOrigins {
  /** Evaluates what a secret or a PEM text says (`${env.X}` …); there is no request. */
  text(written: string): string
  readonly pairs: {
    find(id: string): StoredPair | null
    /** The private half; null unless it belongs to the organization. */
    signingKey(id: string, tenant: string): KeyObject | null
  }
  /** `tenant`: organization whose certificates may be shown. */
  remote(settings: JwksSettings, tenant: string): RemoteKeys
}

type Settings<T extends AlgoSettings['type']> = Extract<AlgoSettings, { readonly type: T }>
export type JwksSettings = Settings<'JWKSAlgoSettings'>

/** Key pair with which the gateway signs the tokens it makes; it verifies for every organization. */
const GATEWAY_KEY_PAIR = 'otoroshi-jwt-signing'
const OF_PAIRS = algorithmsOf('rsa', 'pss', 'ecdsa', 'eddsa')

/** The keys of some settings. `tenant`: organization of whoever made them. */
export function algoKeys(settings: AlgoSettings, tenant: string, origins: KeyOrigins): TokenKeys {
  switch (settings.type) {
    case 'HSAlgoSettings':
      return secretKeys(settings, origins)
    case 'RSAlgoSettings':
      return pemKeys(`RS${settings.size}`, settings, origins)
    case 'ESAlgoSettings':
      return pemKeys(`ES${settings.size}`, settings, origins)
    case 'JWKSAlgoSettings':
      return remoteKeys(settings, tenant, origins)
    case 'RSAKPAlgoSettings':
      return pairKeys(`RS${settings.size}`, settings.certId, tenant, origins)
    case 'ESKPAlgoSettings':
      return pairKeys(`ES${settings.size}`, settings.certId, tenant, origins)
    case 'KidAlgoSettings':
      return namedKeys(settings, tenant, origins)
    default:
      return noKeys
  }
}

function secretKeys({ size, secret, base64 }: Settings<'HSAlgoSettings'>, origins: KeyOrigins): TokenKeys {
  const alg = `HS${size}`
  const key = known(() => {
    const text = origins.text(secret)
    const bytes = Buffer.from(text, base64 ? 'base64' : 'utf8')
    return text === '' || bytes.length === 0 ? null : createSecretKey(bytes)
  })
  return {
    accepts: name => name === alg,
    verifying: key,
    signing: () => signing(alg, key()),
  }
}

function pemKeys(
  alg: string,
  { publicKey, privateKey }: Settings<'RSAlgoSettings' | 'ESAlgoSettings'>,
  origins: KeyOrigins,
): TokenKeys {
  const verifying = known(() => {
    const text = origins.text(publicKey)
    return text.trim() === '' ? null : sound(fitting(alg, createPublicKey(text)))
  })
  const own = known(() => {
    const text = origins.text(privateKey ?? '')
    return text.trim() === '' ? null : fitting(alg, createPrivateKey(text))
  })
  return { accepts: name => name === alg, verifying, signing: () => signing(alg, own()) }
}

/** Anybody may verify with a public half. Whoever signs speaks for the organization of the pair. */
function pairKeys(alg: string, certId: string, tenant: string, { pairs }: KeyOrigins): TokenKeys {
  return {
    accepts: name => name === alg,
    verifying: () => pairs.find(certId)?.publicKey ?? null,
    signing: () => signing(alg, pairs.signingKey(certId, tenant), certId),
  }
}

function namedKeys(
  { onlyExposedCerts }: Settings<'KidAlgoSettings'>,
  tenant: string,
  { pairs }: KeyOrigins,
): TokenKeys {
  return {
    accepts: name => OF_PAIRS.has(name),
    verifying({ kid }) {
      const pair = kid === null ? null : pairs.find(kid)
      if (pair === null) return null
      // The client names the certificate: one that was made for something else signs no tokens.
      if (!pair.exposed && (onlyExposedCerts || !pair.signsTokens)) return null
      const own = pair.tenant === tenant || (kid === GATEWAY_KEY_PAIR && pair.tenant === 'default')
      return own ? pair.publicKey : null
    },
    signing: () => null,
  }
}

function remoteKeys(settings: JwksSettings, tenant: string, origins: KeyOrigins): TokenKeys {
  const { kty } = settings
  const accepted = algorithmsOfType(kty)
  const keys = origins.remote(settings, tenant)
  return {
    accepts: name => accepted.has(name),
    verifying: hint => keys.find(hint, kty),
    signing: () => null,
  }
}

function signing(alg: string, key: KeyObject | null, kid: string | null = null) {
  return key !== null && fitting(alg, key) !== null ? { alg, key, kid } : null
}

function fitting(alg: string, key: KeyObject): KeyObject | null {
  return fits(algorithm(alg)!, key) ? key : null
}

function sound(key: KeyObject | null): KeyObject | null {
  return key === null || isPredictable(key) ? null : key
}

/** Made once, on first use. What cannot be made stays null: its error may quote a secret, so nobody is told. */
function known(make: () => KeyObject | null): () => KeyObject | null {
  let made: KeyObject | null | undefined
  return () => {
    if (made !== undefined) return made
    try {
      made = make()
    } catch {
      made = null
    }
    return made
  }
}
