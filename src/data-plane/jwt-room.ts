/** Tokens of this thread: verifiers and keys of the revision in force, fetched keys, and what was verified before. */
import { algoKeys, type JwksSettings, type KeyOrigins } from '../identity/jwt/algo-keys.ts'
import { RemoteKeys } from '../identity/jwt/remote-keys.ts'
import type { TokenKeys } from '../identity/jwt/token-keys.ts'
import { VerifiedTokens } from '../identity/jwt/verified-tokens.ts'
import { type JwtVerifier, jwtVerifier as verifierKind } from '../model/kinds/jwt-verifier.ts'
import { readEntityText } from '../model/read.ts'
import type { AlgoSettings } from '../model/types/algo-settings.ts'
import type { KeyPairSource } from '../plugin/contract.ts'
import { isConstant, valueOrNone } from '../expression/index.ts'
import type { JwtServices } from '../plugin/jwt-services.ts'
import type { OutgoingCalls } from '../plugin/outgoing-calls.ts'

export interface JwtRoomOptions {
  /** Stored text of a verifier, or undefined. */
  readonly verifier: (id: string) => string | undefined
  readonly pairs: KeyPairSource
  readonly calls: OutgoingCalls
  /** Evaluates a secret or a PEM text of settings; there is no request. */
  readonly text: (written: string) => string
  readonly log: (level: 'warn', message: string) => void
}

/** Settings whose keys are kept; the ones used first go first. */
const MOST_SETTINGS = 1000
/** Bytes of the longest set of keys that is read. */
const LONGEST_SET = 524_288
/** Milliseconds a set of keys lives at least, whatever the settings say, and longest time-out of a fetch. */
const SHORTEST_LIFE = 1000
const LONGEST_FETCH = 60_000

export class JwtRoom implements JwtServices {
  readonly verified = new VerifiedTokens()
  readonly #options: JwtRoomOptions
  readonly #verifiers = new Map<string, JwtVerifier | null>()
  readonly #keys = new Map<string, TokenKeys>()
  readonly #remote = new Map<string, RemoteKeys>()
  /** Settings objects seen, so that they are written as text once. */
  readonly #seen = new WeakMap<AlgoSettings, Map<string, TokenKeys>>()
  readonly #origins: KeyOrigins

  constructor(options: JwtRoomOptions) {
    this.#options = options
    this.#origins = {
      text: written => settled(written, options.text),
      pairs: options.pairs,
      remote: (settings, tenant) => this.#remoteKeys(settings, tenant),
    }
  }

  verifier(id: string): JwtVerifier | null {
    const known = this.#verifiers.get(id)
    if (known !== undefined) return known
    const text = this.#options.verifier(id)
    if (text === undefined) return null
    const parsed = readEntityText(verifierKind, text)
    const found = parsed.ok ? parsed.value : null
    this.#verifiers.set(id, found)
    return found
  }

  /** The stored verifier changed. */
  forget(id: string): void {
    this.#verifiers.delete(id)
  }

  keys(settings: AlgoSettings, tenant: string): TokenKeys {
    let byTenant = this.#seen.get(settings)
    if (byTenant === undefined) this.#seen.set(settings, (byTenant = new Map()))
    let keys = byTenant.get(tenant)
    if (keys === undefined) {
      const name = JSON.stringify([tenant, settings])
      keys = kept(this.#keys, name, () => algoKeys(settings, tenant, this.#origins))
      byTenant.set(tenant, keys)
    }
    return keys
  }

  #remoteKeys(settings: JwksSettings, tenant: string): RemoteKeys {
    const { url, headers, timeout, ttl, proxy, tls_config: tls, mtlsConfig } = settings
    // What is fetched in another way is another thing: headers may decide what the server answers.
    const shown = tls ?? mtlsConfig ?? null
    const name = JSON.stringify([url, headers, timeout, ttl, proxy, shown, shown === null ? null : tenant])
    return kept(
      this.#remote,
      name,
      () =>
        new RemoteKeys({
          fetch: () => this.#fetch(settings, tenant),
          ttl: Math.max(SHORTEST_LIFE, ttl),
          now: () => performance.now(),
          onFault: message =>
            this.#options.log('warn', `keys of ${originOf(url)} could not be fetched: ${message}`),
        }),
    )
  }

  async #fetch(
    { url, headers, timeout, proxy, tls_config: tls, mtlsConfig }: JwksSettings,
    tenant: string,
  ): Promise<string> {
    const { status, body } = await this.#options.calls.send({
      method: 'GET',
      url,
      headers: [['Accept', 'application/jwk-set+json, application/json'], ...Object.entries(headers)],
      timeout: Math.min(Math.max(1, timeout), LONGEST_FETCH),
      maxBody: LONGEST_SET,
      tls: tls ?? mtlsConfig ?? null,
      tenant,
      proxy,
    })
    if (status !== 200) throw new Error(`the server answered ${status}`)
    return body.toString('utf8')
  }
}

/**
 * A secret as it is written, or what its expressions give. One without a value gives a word everybody knows (`bad-expr`,
 * `no-env-var-X`): that makes no secret, nor does a text around it.
 */
function settled(written: string, evaluate: (text: string) => string): string {
  if (!written.startsWith('${')) return written
  return isConstant(written) ? '' : (valueOrNone(written, evaluate) ?? '')
}

function kept<T>(map: Map<string, T>, name: string, make: () => T): T {
  const known = map.get(name)
  if (known !== undefined) return known
  if (map.size >= MOST_SETTINGS) map.delete(map.keys().next().value!)
  const made = make()
  map.set(name, made)
  return made
}

/** A query may hold a secret: logs name the server only. */
function originOf(url: string): string {
  return URL.parse(url)?.origin ?? 'an address that is no URL'
}
