/** The keys that tokens of a provider are verified with: those it publishes, or those of the settings of the module. */
import { createPublicKey } from 'node:crypto'
import { algoKeys, type JwksSettings, type KeyOrigins } from '../../../identity/jwt/algo-keys.ts'
import { algorithmsOf } from '../../../identity/jwt/algorithms.ts'
import { RemoteKeys } from '../../../identity/jwt/remote-keys.ts'
import type { TokenKeys } from '../../../identity/jwt/token-keys.ts'
import type { AlgoSettings } from '../../../model/types/algo-settings.ts'
import type { ProviderServices } from '../../contract.ts'
import { privateKeyOf } from '../../stored-key.ts'
import { ProviderDown } from './fault.ts'
import type { ProviderCalls } from './provider-calls.ts'

/** Milliseconds keys live. */
const LIFE = 600_000
const OF_SERVERS = algorithmsOf('rsa', 'pss', 'ecdsa', 'eddsa')

/** Published keys, whatever their type. */
export function publishedKeys(url: string, calls: ProviderCalls, services: ProviderServices): TokenKeys {
  const remote = fetched(url, LIFE, [], calls, services)
  return {
    accepts: alg => OF_SERVERS.has(alg),
    verifying: hint => remote.find(hint, typeOf(hint.alg)),
    signing: () => null,
  }
}

/** Keys of settings. An expression in them has no value here, so it is no key. */
export function settingsKeys(
  settings: AlgoSettings,
  tenant: string,
  calls: ProviderCalls,
  services: ProviderServices,
): TokenKeys {
  const origins: KeyOrigins = {
    text: written => (written.startsWith('${') ? '' : written),
    remote: ({ url, ttl, headers }: JwksSettings) =>
      fetched(url, Math.max(1000, ttl), Object.entries(headers), calls, services),
    pairs: {
      // A client may not choose the certificate, so none signs tokens or is exposed here.
      find(id) {
        const stored = services.certificate(id)
        if (stored === null) return null
        return { publicKey: createPublicKey(stored.chain), signsTokens: false, exposed: false, tenant: '' }
      },
      signingKey(id, of) {
        const stored = services.certificate(id)
        return stored === null || stored.tenant !== of ? null : privateKeyOf(stored)
      },
    },
  }
  return algoKeys(settings, tenant, origins)
}

function fetched(
  url: string,
  ttl: number,
  headers: ReadonlyArray<readonly [string, string]>,
  calls: ProviderCalls,
  { log }: ProviderServices,
): RemoteKeys {
  return new RemoteKeys({
    async fetch() {
      const { status, body } = await calls.send({
        method: 'GET',
        url,
        headers: [['Accept', 'application/jwk-set+json, application/json'], ...headers],
        repeatable: true,
      })
      if (status !== 200) throw new ProviderDown(`the server answered ${status}`)
      return body.toString('utf8')
    },
    ttl,
    now: () => performance.now(),
    onFault: message => log('warn', `keys of an identity provider could not be fetched: ${message}`),
  })
}

function typeOf(alg: string): 'RSA' | 'EC' | 'OKP' {
  if (alg.startsWith('ES')) return 'EC'
  return alg.startsWith('Ed') ? 'OKP' : 'RSA'
}
