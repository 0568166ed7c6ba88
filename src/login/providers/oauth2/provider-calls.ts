/**
 * Calls to an identity provider with the settings of its module: TLS, proxy, time-out.
 *
 * Guarantees: answers are bounded and judged by status; JSON that names a member twice is no answer; no message holds a token.
 */
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import { readObject } from '../../../identity/jwt/unambiguous-json.ts'
import type { CallAnswer, OutgoingCall, OutgoingCalls } from '../../../plugin/outgoing-calls.ts'
import { downOf, NotBelieved, ProviderDown } from './fault.ts'

export type Json = Readonly<Record<string, unknown>>
type Asked = Pick<OutgoingCall, 'method' | 'url' | 'headers' | 'body' | 'repeatable'>

/** Bytes of the longest answer. */
const LONGEST_ANSWER = 262_144
/** Milliseconds. */
const USUAL_TIMEOUT = 10_000
const LONGEST_TIMEOUT = 60_000

export class ProviderCalls {
  readonly #calls: OutgoingCalls
  readonly #settings: OAuthModule

  constructor(calls: OutgoingCalls, settings: OAuthModule) {
    this.#calls = calls
    this.#settings = settings
  }

  /** Rejects with `ProviderDown` when there is no answer. */
  async send(asked: Asked): Promise<CallAnswer> {
    const { mtlsConfig, proxy, callTimeout = USUAL_TIMEOUT } = this.#settings
    try {
      return await this.#calls.send({
        ...asked,
        timeout: Math.min(callTimeout, LONGEST_TIMEOUT),
        maxBody: LONGEST_ANSWER,
        tls: mtlsConfig,
        tenant: this.#settings._loc.tenant,
        proxy,
      })
    } catch (error) {
      throw downOf(error)
    }
  }

  /** A JSON object of what the provider publishes. Rejects with `ProviderDown`. */
  async published(url: string, what: string): Promise<Json> {
    const { status, body } = await this.send({
      method: 'GET',
      url,
      headers: [['Accept', 'application/json']],
      repeatable: true,
    })
    const json = status === 200 ? readObject(body.toString('utf8')) : null
    if (json === null) throw new ProviderDown(`${what}: status ${status}, or no JSON object`)
    return json
  }
}

/** The object in an answer that must have gone well. Throws `ProviderDown` for 5xx, else `NotBelieved`. */
export function objectOf({ status, body }: CallAnswer, what: string): Json {
  const json = readObject(body.toString('utf8'))
  if (status >= 200 && status < 300 && json !== null) return json
  const code = json === null ? '' : errorCode(json['error'])
  const message = `${what}: status ${status}${code === '' ? '' : `, ${code}`}${json === null ? ', no JSON object' : ''}`
  if (status >= 500) throw new ProviderDown(message)
  throw new NotBelieved(message, code === '' ? undefined : `the identity provider says ${code}`)
}

/** Error code of RFC 6749, 4.1.2.1 and 5.2, or empty: what the provider adds in its own words is not shown to anybody. */
export function errorCode(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value) ? value : ''
}
