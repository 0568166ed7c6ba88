/** Decides whether the key a request names, and what it shows for it, open a route. */
import type { ApikeyView } from '../../identity/apikey.ts'
import type { Credential } from '../../identity/credential.ts'
import { bearerOpens, secretOpens } from '../../identity/proofs.ts'
import { type ClientRequest, type Refusal, refuse } from '../../plugin/index.ts'
import type { KeyOfRoute } from './route-keys.ts'
import type { TokenFault } from './token-rules.ts'

export interface AdmissionRules {
  readonly find: (clientId: string) => KeyOfRoute | null
  readonly tokenFault: TokenFault
}

/** The key, or why it does not open the route. */
export type Admission =
  | { readonly ok: true; readonly here: KeyOfRoute }
  | { readonly ok: false; readonly refusal: Refusal }

/** Judges a credential at `now` (epoch milliseconds), whatever the request wants to do. */
export function recognize(
  { find, tokenFault }: AdmissionRules,
  credential: Credential,
  request: ClientRequest,
  now: number,
): Admission {
  const name = shown(credential.clientId)
  const here = find(credential.clientId)
  if (here === null)
    return refused(refuse('apikey.unknown', { detail: `apikey '${name}' not found in datastore` }))
  const { key } = here
  const fault = standingFault(key, now) ?? proofFault(credential, key, request, now, tokenFault)
  if (fault !== null) return refused(refuse('apikey.bad', { detail: `apikey '${name}': ${fault}` }))
  if (!here.fits)
    return refused(refuse('apikey.invalid', { detail: `apikey '${name}' routing did not match` }))
  return { ok: true, here }
}

/** Methods that a read-only key may use. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Why a recognized key may not make this request. */
export function restricted({ key, restricts }: KeyOfRoute, request: ClientRequest): Refusal | null {
  const verdict = restricts === null ? null : restricts(request)
  if (verdict !== null) return refuse(verdict, { detail: `restrictions of apikey '${shown(key.clientId)}'` })
  if (key.readOnly && !READING.has(request.method))
    return refuse('method_not_allowed', { detail: `apikey '${shown(key.clientId)}' is read-only` })
  return null
}

function refused(refusal: Refusal): Admission {
  return { ok: false, refusal }
}

function standingFault(key: ApikeyView, now: number): string | null {
  if (key.usableAt(now)) return null
  return key.enabled ? 'the key is expired' : 'the key is disabled'
}

function proofFault(
  credential: Credential,
  key: ApikeyView,
  request: ClientRequest,
  now: number,
  tokenFault: TokenFault,
): string | null {
  switch (credential.form) {
    case 'client-id':
      return key.allowClientIdOnly ? null : 'the id alone is not enough'
    case 'secret':
      return secretOpens(key, credential.secret) ? null : 'the secret is wrong'
    case 'bearer':
      return bearerOpens(key, credential.bearer) ? null : 'the bearer is wrong'
    case 'token':
      return tokenFault(credential.token, key, request, now)
  }
}

/** An id as reports show it: it may come from anybody, in any length. */
function shown(clientId: string): string {
  return clientId.slice(0, 200)
}
