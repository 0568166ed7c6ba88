/**
 * The grant `client_credentials` of OAuth 2 (RFC 6749, 4.4): the id and secret of an API key for a token. Codes of errors are
 * Otoroshi's.
 */
import type { HeaderBlock } from '../../http/headers.ts'
import type { ApikeyView } from '../../identity/apikey.ts'
import { type Credential, readBasic } from '../../identity/credential.ts'
import { secretOpens } from '../../identity/proofs.ts'
import { answer, type FullAnswer, type KeyPairSource, type ReasonCode } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { tokenFor } from './key-tokens.ts'
import { unambiguous } from '../unambiguous.ts'

/** Longest body of a request for a token, bytes. */
export const LONGEST_BODY = 65_536
/** Longest audience and list of scopes, characters. */
const LONGEST_TEXT = 2_000

export type Parameters = ReadonlyMap<string, string>

export interface TokenRules {
  find(clientId: string): ApikeyView | null
  /** Whether a usable key may have tokens here. */
  allows(key: ApikeyView): boolean
  readonly pairs: KeyPairSource
  /** Id of the pair that signs for keys which name none. */
  readonly usualPair: string
  /** Milliseconds a token lives. */
  readonly expiration: number
  /** The body may name the audience. */
  readonly choosesAudience: boolean
  /** Descriptions of errors begin with a capital letter. */
  readonly capitals: boolean
}

export interface TokenRequest {
  readonly headers: HeaderBlock
  readonly protocol: string
  readonly host: string
  readonly body: Buffer
  /** Epoch milliseconds. */
  readonly now: number
}

/** Answers a request for a token. */
export function answerTokenRequest(rules: TokenRules, request: TokenRequest): FullAnswer {
  const say = (words: string): string =>
    rules.capitals ? words.charAt(0).toUpperCase() + words.slice(1) : words
  const parameters = readParameters(request.headers, request.body)
  if (parameters === null) return denied(say('unauthorized'))
  if (parameters === 'repeated') return badRequest('a parameter is there twice')
  const grant = parameters.get('grant_type') ?? ''
  if (grant !== 'client_credentials')
    return oauthError(400, 'oauth.unsupported_grant', 'unauthorized_client', {
      error_description: say(`grant type '${grant.slice(0, 100)}' not supported !`),
    })
  if (parameters.get('bearer_kind') === 'biscuit') return badRequest('biscuits are not made')
  const audience = (rules.choosesAudience ? parameters.get('aud') : undefined) ?? 'otoroshi'
  const asked = parameters.get('scope') ?? ''
  if (audience.length > LONGEST_TEXT || asked.length > LONGEST_TEXT)
    return badRequest('a parameter is too long')
  const key = keyOf(rules, credentialOf(request.headers, parameters), request.now)
  if (key === null) return denied(say('bad client credentials'))
  if (!rules.allows(key)) return denied(say('unauthorized'))
  const scopes = words(asked)
  const lacking = scopes.filter(scope => !grantedScopes(key).includes(scope))
  if (lacking.length > 0)
    return oauthError(403, 'oauth.scope_not_granted', 'access_denied', {
      error_description: say(`client has not been granted scopes: ${lacking.join(', ')}`),
    })
  const lifetime = Math.floor(rules.expiration / 1000)
  const scope = scopes.length === 0 ? null : scopes.join(' ')
  const issuer = `${request.protocol}://${request.host}`
  const content = { issuer, audience, scope, now: request.now, lifetime }
  return json({
    access_token: tokenFor(key, rules.pairs, rules.usualPair, content),
    token_type: 'Bearer',
    expires_in: lifetime,
    ...(scope !== null && { scope }),
  })
}

/** The usable key whose secret is shown; null for every other credential. */
function keyOf(rules: TokenRules, credential: Credential | null, now: number): ApikeyView | null {
  if (credential?.form !== 'secret') return null
  const key = rules.find(credential.clientId)
  if (key === null || !key.usableAt(now)) return null
  return secretOpens(key, credential.secret) ? key : null
}

/** Basic credentials come before those of the body. */
function credentialOf(headers: HeaderBlock, parameters: Parameters): Credential | null {
  const field = headers.get('authorization')
  if (field !== undefined && field.slice(0, 6).toLowerCase() === 'basic ')
    return readBasic(field.slice(6).trim())
  const clientId = parameters.get('client_id')
  const secret = parameters.get('client_secret')
  return clientId === undefined || secret === undefined ? null : { form: 'secret', clientId, secret }
}

/** Parameters of a form or of a JSON object; null for any other body. RFC 6749, 3.2: none may be there twice. */
export function readParameters(headers: HeaderBlock, body: Buffer): Parameters | 'repeated' | null {
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/json') return ofJson(body)
  if (type !== 'application/x-www-form-urlencoded') return null
  const found = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(body.toString())) {
    if (found.has(name)) return 'repeated'
    found.set(name, value)
  }
  return found
}

function ofJson(body: Buffer): Parameters | 'repeated' | null {
  const text = body.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!unambiguous(text)) return 'repeated'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const found = new Map<string, string>()
  for (const [name, field] of Object.entries(value))
    if (['string', 'number', 'boolean'].includes(typeof field)) found.set(name, String(field))
  return found
}

function grantedScopes({ metadata }: ApikeyView): readonly string[] {
  return Object.hasOwn(metadata, 'scope') ? words(metadata['scope'] ?? '') : []
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '')
}

/** Answers that hold tokens or facts about them are kept by no cache (RFC 6749, 5.1). */
export function json(value: unknown): FullAnswer {
  return answer(200, [['Content-Type', 'application/json'], ...UNCACHED], JSON.stringify(value))
}

/** 401 in the words of the endpoint. */
export function denied(description: string): FullAnswer {
  return oauthError(401, 'oauth.denied', 'access_denied', { error_description: description })
}

/** 400: the request cannot be read. */
export function badRequest(description: string): FullAnswer {
  return oauthError(400, 'oauth.bad_request', 'bad_request', { error_description: description })
}

/** 413: the body is longer than any request for a token. */
export function bodyTooLong(): FullAnswer {
  return oauthError(413, 'body_too_large', 'bad_request', { error_description: 'the body is too long' })
}

export function oauthError(
  status: number,
  reason: ReasonCode,
  error: string,
  more: Readonly<Record<string, unknown>>,
): FullAnswer {
  const bare = bareError(status, reason, { error, ...more })
  return { ...bare, headers: [...bare.headers, ...UNCACHED] }
}

const UNCACHED: ReadonlyArray<readonly [string, string]> = [
  ['Cache-Control', 'no-store'],
  ['Pragma', 'no-cache'],
]
