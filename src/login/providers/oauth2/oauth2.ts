/**
 * Auth modules of type `oauth2`: the authorization code flow of OAuth 2 and OpenID Connect (RFC 6749, 4.1; RFC 7636; RFC 9700;
 * OpenID Connect Core 1.0, 3.1).
 *
 * Guarantees: a code is taken only in the browser and for the login that asked for it (state), from the provider that was asked
 * (`iss`, RFC 9207); an ID token is of this login (nonce) and of this client; the profile is that of the ID token. Tokens, codes
 * and secrets stand in no message and no page.
 */
import { createHash, randomBytes } from 'node:crypto'
import { textClaim } from '../../../identity/jwt/jws.ts'
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import { isObject } from '../../../model/types/shape.ts'
import type { LoginOutcome, LoginVisit, ProviderOf } from '../../contract.ts'
import { redirect } from '../../reply.ts'
import { Authority } from './authority.ts'
import type { Provider } from './discovery.ts'
import { NotBelieved, ProviderDown } from './fault.ts'
import { identityOf } from './identity-of.ts'
import { logoutUrl } from './logout.ts'
import { errorCode } from './provider-calls.ts'
import { refreshed } from './refresh.ts'

/** What a login keeps between its beginning and its callback, sealed. */
interface Begun extends Readonly<Record<string, unknown>> {
  readonly nonce: string
  readonly redirectUri: string
  /** Of the proof key (RFC 7636), or null. */
  readonly verifier: string | null
}

export const oauth2: ProviderOf = (module, services) => {
  const authority = new Authority(module, services)
  const { settings } = authority

  return {
    async loginPage(visit) {
      const { login } = await authority.provider()
      const begun = begin(settings, visit)
      return { kind: 'page', reply: redirect(loginUrl(login, settings, begun, visit.state(begun))) }
    },
    async callback(visit): Promise<LoginOutcome> {
      try {
        const provider = await authority.provider()
        const { begun, code } = readCallback(visit, provider)
        const { redirectUri, verifier, nonce } = begun
        const tokens = await authority.tokens.byCode(provider.token, code, redirectUri, verifier)
        const claims = await authority.claimsOf(provider, tokens, { nonce, code })
        const profile = await authority.profileOf(provider, tokens, claims)
        return { kind: 'identity', identity: identityOf(settings, visit.side, profile, tokens.answer) }
      } catch (error) {
        if (!(error instanceof NotBelieved)) throw error
        return { kind: 'refused', display: error.display, detail: error.message }
      }
    },
    async logout(session) {
      const token = isObject(session.token) ? session.token : {}
      try {
        return logoutUrl(await authority.provider(), settings, textClaim(token, 'id_token'))
      } catch (error) {
        if (!(error instanceof NotBelieved || error instanceof ProviderDown)) throw error
        services.log('warn', `auth module ${module.id}: no logout at the provider: ${error.message}`)
        return null
      }
    },
    async probe() {
      await authority.provider()
    },
    refresh: session => refreshed(authority, session, Date.now()),
  }
}

function begin(settings: OAuthModule, visit: LoginVisit): Begun {
  const random = (bytes: number): string => randomBytes(bytes).toString('base64url')
  return {
    nonce: random(24),
    redirectUri: redirectUri(settings, visit),
    verifier: settings.pkce?.enabled === true ? random(64) : null,
  }
}

/** As providers know it from upstream: with the route in it, unless the settings say otherwise. */
function redirectUri(
  { callbackUrl, useCookie, noWildcardRedirectURI }: OAuthModule,
  visit: LoginVisit,
): string {
  const route = visit.callback.searchParams.get('desc')
  if (route === null || useCookie || noWildcardRedirectURI) return callbackUrl
  return `${callbackUrl}${callbackUrl.includes('?') ? '&' : '?'}desc=${encodeURIComponent(route)}`
}

function loginUrl(login: string, settings: OAuthModule, begun: Begun, state: string): string {
  const { scope, claims, clientId, pkce } = settings
  const { redirectUri, nonce, verifier } = begun
  const url = new URL(login)
  const set = (name: string, value: string): void => url.searchParams.set(name, value)
  set('scope', scope)
  if (claims.trim() !== '') set('claims', claims)
  set('client_id', clientId)
  set('response_type', 'code')
  set('redirect_uri', redirectUri)
  set('state', state)
  set('nonce', nonce)
  if (verifier !== null) {
    const method = pkce?.algorithm ?? 'S256'
    set('code_challenge', method === 'plain' ? verifier : hashOf(verifier))
    set('code_challenge_method', method)
  }
  return url.href
}

function hashOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/** Throws `NotBelieved`. */
function readCallback({ own, request }: LoginVisit, { issuer, namesItself }: Provider) {
  const { query } = request
  // One that says who it is must be the one that was asked: codes of one provider must not reach another (RFC 9207).
  const from = query.get('iss')
  if ((from !== null || namesItself) && issuer !== null && from !== issuer)
    throw new NotBelieved('callback: it comes from another issuer than the one that was asked')
  const error = query.get('error')
  if (error !== null) {
    const code = errorCode(error)
    const said = code === '' ? 'the identity provider let you not in' : `the identity provider says ${code}`
    throw new NotBelieved(`callback: error ${code}`, said)
  }
  const code = query.get('code')
  if (code === null || code === '') throw new NotBelieved('callback: there is no code', 'No code :(')
  const { nonce, redirectUri: to, verifier } = own
  if (
    typeof nonce !== 'string' ||
    typeof to !== 'string' ||
    (verifier !== null && typeof verifier !== 'string')
  )
    throw new NotBelieved('callback: the login was not begun here', 'No code :(')
  return { code, begun: { nonce, redirectUri: to, verifier } satisfies Begun }
}
