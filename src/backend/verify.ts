/** Whether a request comes from the gateway. */
import { type Agreement, agreementOf, type BackendSettings } from './settings.ts'
import { type Claims, readToken, writeToken } from './token.ts'

/** A request of `node:http` or a `Request` of the web: anything with header fields. */
export interface IncomingFields {
  readonly headers:
    | { get(name: string): string | null }
    | Readonly<Record<string, string | readonly string[] | undefined>>
}

/** An API key as the gateway tells of it (info token `Latest`). */
export interface ApikeyInfo {
  readonly clientId: string
  readonly clientName: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly string[]
}

/** A user as the gateway tells of him (info token `Latest`). */
export interface UserInfo {
  readonly name: string
  readonly email: string
  readonly profile: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>> | null
  readonly tags: readonly string[]
}

/** The request comes from the gateway. */
export interface Believed {
  readonly ok: true
  /** Fields that every answer to the request must have, errors included. */
  readonly headers: Readonly<Record<string, string>>
  /** Claims of the info token; empty when the gateway sends none. */
  readonly claims: Claims
  readonly apikey: ApikeyInfo | null
  readonly user: UserInfo | null
}

/** It does not, or cannot be shown to. */
export interface Refused {
  readonly ok: false
  /** What to answer. */
  readonly status: 401
  /** For logs. Holds nothing secret. */
  readonly reason: string
}

const agreements = new WeakMap<BackendSettings, Agreement>()

/**
 * Judges a request. `settings` should be one object for all requests: its keys are read once. Throws a TypeError for settings
 * that are wrong, never for a request.
 */
export function verifyOtoroshiRequest(
  request: IncomingFields,
  settings: BackendSettings,
): Believed | Refused {
  let agreement = agreements.get(settings)
  if (agreement === undefined) agreements.set(settings, (agreement = agreementOf(settings)))
  const claims = infoOf(request, agreement)
  if (typeof claims === 'string') return refused(claims)
  const headers = answerTo(request, agreement)
  if (typeof headers === 'string') return refused(headers)
  const { apikey, user } = claims
  return {
    ok: true,
    headers,
    claims,
    apikey: isObject(apikey) ? (apikey as unknown as ApikeyInfo) : null,
    user: isObject(user) ? (user as unknown as UserInfo) : null,
  }
}

function infoOf(request: IncomingFields, agreement: Agreement): Claims | string {
  const { info, claim, issuer, route, leeway } = agreement
  if (info === null) return {}
  const text = fieldOf(request, claim)
  if (text === null) return `there is no ${claim}`
  const claims = readToken(text, info, { issuer, audience: route, leeway })
  return typeof claims === 'string' ? `${claim}: ${claims}` : claims
}

/** The fields of the answer, or why the question is not believed. */
function answerTo(request: IncomingFields, agreement: Agreement): Readonly<Record<string, string>> | string {
  const {
    version,
    state: name,
    stateResponse,
    issuer,
    route,
    leeway,
    challenge,
    answer,
    answerTtl,
  } = agreement
  if (version === 'none') return {}
  const question = fieldOf(request, name)
  if (question === null) return `there is no ${name}`
  if (version === 'V1') return { [stateResponse]: question }
  const claims = readToken(question, challenge!, { issuer, audience: route, leeway })
  if (typeof claims === 'string') return `${name}: ${claims}`
  const { state } = claims
  if (typeof state !== 'string') return `${name}: it holds no state`
  const now = Math.floor(Date.now() / 1000)
  const token = writeToken(
    { 'state-resp': state, aud: issuer, iat: now, nbf: now, exp: now + answerTtl },
    answer!,
  )
  return { [stateResponse]: token }
}

/** The value of a field; null when it is not there, or there twice. */
function fieldOf({ headers }: IncomingFields, name: string): string | null {
  const value = isHeaders(headers) ? headers.get(name) : headers[name.toLowerCase()]
  return typeof value === 'string' ? value : null
}

function isHeaders(headers: IncomingFields['headers']): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(reason: string): Refused {
  return { ok: false, status: 401, reason }
}
