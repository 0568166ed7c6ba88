/**
 * Calls to the identity provider of an auth module: introspection (RFC 7662), profiles (OpenID Connect Core, 5.3), token exchange
 * (RFC 8693).
 *
 * Guarantees: addresses and credentials are those of the module; what a client sent goes only into fields of a form or a
 * header that it cannot leave; answers are judged by status and shape; tokens stand in no message.
 */
import { clientCredentials, endpointFault, type OAuthModule } from '../identity/oauth-module.ts'
import { isSignedProfile, type SignedProfile } from '../identity/signed-profile.ts'
import type { CallAnswer, OutgoingCall, OutgoingCalls } from '../plugin/index.ts'

export type Json = Readonly<Record<string, unknown>>

/** What a provider said, or why it said nothing of use. */
export type Told =
  | { readonly ok: true; readonly json: Json }
  /** `status`: that of the answer; 0 when there was none. */
  | { readonly ok: false; readonly status: number; readonly fault: string }

export interface Client {
  readonly id: string
  readonly secret: string
  /** How it shows that it is the client: as `clientAuthentication` of modules. */
  readonly way: NonNullable<OAuthModule['clientAuthentication']>
}

/** Milliseconds a provider may take unless settings say otherwise. */
const PATIENCE = 10_000
const LONGEST_ANSWER = 262_144

/** What the provider knows of a token: `ok` only when it is active. */
export async function introspect(calls: OutgoingCalls, module: OAuthModule, token: string): Promise<Told> {
  const told = await postAsClient(
    calls,
    module,
    module.introspectionUrl,
    { token },
    clientOf(module),
    patienceOf(module),
  )
  if (!told.ok || told.json['active'] === true) return told
  return { ok: false, status: 200, fault: 'token is not active' }
}

/**
 * The profile of whom the access token was given to, asked for as the module says. RFC 6750, 2: a token is shown in one way at a
 * time. `signed`: reads a profile that is a token; absent, one is refused.
 */
export async function userInfo(
  calls: OutgoingCalls,
  module: OAuthModule,
  token: string,
  signed?: (text: string) => Promise<SignedProfile>,
): Promise<Told> {
  const { userInfoUrl: url, userInfoMethod } = module
  const patience = patienceOf(module)
  const accept = 'application/json, application/jwt'
  const asked =
    userInfoMethod === 'post'
      ? await send(calls, module, url, patience, form(module, { access_token: token }, accept))
      : await send(calls, module, url, patience, {
          method: 'GET',
          headers: [
            ['Accept', accept],
            ['Authorization', `Bearer ${token}`],
          ],
        })
  if (!asked.ok) return asked
  const { answer } = asked
  if (answer.status !== 200 || !isSignedProfile(answer.headers.get('content-type'))) return judged(answer)
  const profile = await signed?.(answer.body.toString('utf8'))
  if (profile?.ok === true) return { ok: true, json: profile.claims }
  return { ok: false, status: 200, fault: profile?.fault ?? 'the profile is a token' }
}

/** A form posted to the token endpoint, with the credentials of a client. */
export function tokenCall(
  calls: OutgoingCalls,
  module: OAuthModule,
  fields: Readonly<Record<string, string>>,
  client: Client,
  timeout: number,
): Promise<Told> {
  return postAsClient(calls, module, module.tokenUrl, fields, client, timeout)
}

export function clientOf({ clientId, clientSecret, clientAuthentication }: OAuthModule): Client {
  return { id: clientId, secret: clientSecret, way: clientAuthentication ?? 'client_secret_post' }
}

/** Milliseconds the provider of a module may take. */
function patienceOf({ callTimeout }: OAuthModule): number {
  return callTimeout ?? PATIENCE
}

/** A form with what shows who the client is, as the module wants it (RFC 6749, 2.3). */
async function postAsClient(
  calls: OutgoingCalls,
  module: OAuthModule,
  url: string,
  fields: Readonly<Record<string, string>>,
  { id, secret, way }: Client,
  timeout: number,
): Promise<Told> {
  switch (way) {
    case 'client_secret_basic':
      return post(calls, module, url, fields, timeout, [['Authorization', clientCredentials(id, secret)]])
    case 'private_key_jwt':
      return { ok: false, status: 0, fault: 'plugins have no key to sign for the auth module with' }
    case 'none':
      return post(calls, module, url, { ...fields, client_id: id }, timeout)
    default: {
      const shown = secret.trim() === '' ? {} : { client_secret: secret }
      return post(calls, module, url, { ...fields, client_id: id, ...shown }, timeout)
    }
  }
}

async function post(
  calls: OutgoingCalls,
  module: OAuthModule,
  url: string,
  fields: Readonly<Record<string, string>>,
  timeout: number,
  headers: Headers = [],
): Promise<Told> {
  const asked = await send(calls, module, url, timeout, form(module, fields, 'application/json', headers))
  return asked.ok ? judged(asked.answer) : asked
}

type Headers = ReadonlyArray<readonly [string, string]>

function form(
  { useJson }: OAuthModule,
  fields: Readonly<Record<string, string>>,
  accept: string,
  headers: Headers = [],
): Pick<OutgoingCall, 'method' | 'headers' | 'body'> {
  return {
    method: 'POST',
    headers: [
      ['Accept', accept],
      ['Content-Type', useJson ? 'application/json' : 'application/x-www-form-urlencoded'],
      ...headers,
    ],
    body: useJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString(),
  }
}

type Asked = { readonly ok: true; readonly answer: CallAnswer } | Extract<Told, { readonly ok: false }>

async function send(
  calls: OutgoingCalls,
  module: OAuthModule,
  url: string,
  timeout: number,
  request: Pick<OutgoingCall, 'method' | 'headers' | 'body'>,
): Promise<Asked> {
  const { mtlsConfig, proxy, _loc } = module
  const fault = endpointFault(module, url)
  if (fault !== null) return { ok: false, status: 0, fault }
  try {
    const answer = await calls.send({
      ...request,
      url,
      timeout: Math.max(1, timeout),
      maxBody: LONGEST_ANSWER,
      tls: mtlsConfig,
      tenant: _loc.tenant,
      proxy,
      // None of these calls changes anything that could not be done twice.
      repeatable: true,
    })
    return { ok: true, answer }
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
