/** Requests to the token endpoint of an authorization server (RFC 6749, 4.3, 4.4 and 6). */
import { clientCredentials } from '../../identity/oauth-module.ts'
import { tokenSeconds } from '../../identity/token-life.ts'
import type { CallAnswer, OutgoingCall } from '../../plugin/index.ts'
import type { FetchedToken } from './kept-tokens.ts'

/** What a client shows for a token. */
export interface TokenClient {
  readonly kind: 'client_credentials' | 'password' | 'password_with_basic_auth'
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope: string
  readonly audience: string
  readonly resource: string
  readonly user: string
  readonly password: string
}

export interface TokenCallSettings {
  readonly method: string
  readonly json: boolean
  /** Milliseconds. */
  readonly timeout: number
  readonly tls: OutgoingCall['tls']
  readonly proxy?: OutgoingCall['proxy']
  /** The client shows itself in a header, whatever it asks with. */
  readonly basic?: boolean
}

/** The server gave no token. `status` 0: it did not answer. The message tells nothing secret. */
export class NoToken extends Error {
  readonly status: number
  /** Error code of RFC 6749, 5.2, or empty. */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'NoToken'
    this.status = status
    this.code = code
  }
}

const LONGEST_ANSWER = 131_072

/** The call that asks for a token, by a refresh token where one is given. */
export function tokenCall(
  client: TokenClient,
  settings: TokenCallSettings,
  refresh: string | null,
): OutgoingCall {
  const basic = client.kind === 'password_with_basic_auth' || settings.basic === true
  const fields: Record<string, string> = {
    ...grantOf(client, refresh),
    ...(!basic && { client_id: client.clientId, client_secret: client.clientSecret }),
    scope: client.scope,
    audience: client.audience,
    resource: client.resource,
  }
  for (const [name, value] of Object.entries(fields)) if (value === '') delete fields[name]
  const type = settings.json ? 'application/json' : 'application/x-www-form-urlencoded'
  const headers: [string, string][] = [
    ['Accept', 'application/json'],
    ['Content-Type', type],
  ]
  if (basic) headers.push(['Authorization', clientCredentials(client.clientId, client.clientSecret)])
  return {
    method: settings.method,
    url: client.url,
    headers,
    body: settings.json ? JSON.stringify(fields) : new URLSearchParams(fields).toString(),
    timeout: settings.timeout,
    maxBody: LONGEST_ANSWER,
    tls: settings.tls ?? null,
    proxy: settings.proxy ?? null,
  }
}

function grantOf(client: TokenClient, refresh: string | null): Record<string, string> {
  if (refresh !== null) return { grant_type: 'refresh_token', refresh_token: refresh }
  if (client.kind === 'client_credentials') return { grant_type: 'client_credentials' }
  return { grant_type: 'password', username: client.user, password: client.password }
}

/** Reads a token answer. `usual`: life in seconds where the answer tells none. Throws `NoToken`. */
export function readToken(answer: CallAnswer, usual: number): FetchedToken {
  const body = jsonOf(answer.body)
  if (answer.status !== 200) {
    const code =
      typeof body['error'] === 'string' && /^[\w.-]{1,64}$/.test(body['error']) ? body['error'] : ''
    throw new NoToken(answer.status, code, `the token endpoint answered ${answer.status} ${code}`.trimEnd())
  }
  const { access_token: access, refresh_token: refresh, expires_in: life } = body
  if (typeof access !== 'string' || !/^[\x21-\x7e]+$/.test(access))
    throw new NoToken(answer.status, '', 'the token endpoint answered no access_token')
  return {
    access,
    refresh: typeof refresh === 'string' && refresh !== '' ? refresh : null,
    life: tokenSeconds(life) ?? usual,
  }
}

function jsonOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
