/**
 * Calls to the identity provider of an auth module: introspection (RFC 7662), profiles (OpenID Connect Core, 5.3), token exchange
 * (RFC 8693).
 *
 * Guarantees: addresses and credentials are those of the module; what a client sent goes only into fields of a form or a
 * header that it cannot leave; answers are judged by status and shape; tokens stand in no message.
 */
import type { OAuthModule } from '../identity/oauth-module.ts'
import type { CallAnswer, OutgoingCalls } from '../plugin/index.ts'

export type Json = Readonly<Record<string, unknown>>

/** What a provider said, or why it said nothing of use. */
export type Told =
  | { readonly ok: true; readonly json: Json }
  /** `status`: that of the answer; 0 when there was none. */
  | { readonly ok: false; readonly status: number; readonly fault: string }

export interface Client {
  readonly id: string
  readonly secret: string
}

/** Milliseconds a provider may take unless settings say otherwise. */
const PATIENCE = 10_000
const LONGEST_ANSWER = 262_144

/** What the provider knows of a token: `ok` only when it is active. */
export async function introspect(calls: OutgoingCalls, module: OAuthModule, token: string): Promise<Told> {
  const told = await post(calls, module, module.introspectionUrl, {
    token,
    ...clientFields(clientOf(module)),
  })
  if (!told.ok || told.json['active'] === true) return told
  return { ok: false, status: 200, fault: 'token is not active' }
}

/** The profile of whom the access token was given to. */
export function userInfo(calls: OutgoingCalls, module: OAuthModule, token: string): Promise<Told> {
  return post(calls, module, module.userInfoUrl, { access_token: token }, PATIENCE, [
    ['Authorization', `Bearer ${token}`],
  ])
}

/** A form posted to the token endpoint, with the credentials of a client. */
export function tokenCall(
  calls: OutgoingCalls,
  module: OAuthModule,
  fields: Readonly<Record<string, string>>,
  client: Client,
  timeout: number,
): Promise<Told> {
  return post(calls, module, module.tokenUrl, { ...fields, ...clientFields(client) }, timeout)
}

export function clientOf({ clientId, clientSecret }: OAuthModule): Client {
  return { id: clientId, secret: clientSecret }
}

function clientFields({ id, secret }: Client): Record<string, string> {
  return { client_id: id, ...(secret.trim() !== '' && { client_secret: secret }) }
}

async function post(
  calls: OutgoingCalls,
  { useJson, mtlsConfig, proxy }: OAuthModule,
  url: string,
  fields: Readonly<Record<string, string>>,
  timeout = PATIENCE,
  headers: ReadonlyArray<readonly [string, string]> = [],
): Promise<Told> {
  try {
    return judged(
      await calls.send({
        method: 'POST',
        url,
        headers: [
          ['Accept', 'application/json'],
          ['Content-Type', useJson ? 'application/json' : 'application/x-www-form-urlencoded'],
          ...headers,
        ],
        body: useJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString(),
        timeout: Math.max(1, timeout),
        maxBody: LONGEST_ANSWER,
        tls: mtlsConfig,
        proxy,
        // None of these calls changes anything that could not be done twice.
        repeatable: true,
      }),
    )
  } catch (error) {
    return { ok: false, status: 0, fault: error instanceof Error ? error.message : String(error) }
  }
}

function judged({ status, body }: CallAnswer): Told {
  if (status !== 200) return { ok: false, status, fault: `bad status code: ${status}` }
  try {
    const json: unknown = JSON.parse(body.toString('utf8'))
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return { ok: true, json: json as Json }
  } catch {}
  return { ok: false, status, fault: 'the answer is no JSON object' }
}
