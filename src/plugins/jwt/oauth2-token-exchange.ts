/** The backend gets a token made for it, in exchange for the one of the call (RFC 8693). */
import { type OAuthModule, oauthModule } from '../../identity/oauth-module.ts'
import type { AuthModuleView } from '../../identity/auth-module.ts'
import { claimOf, readJws } from '../../identity/jwt/jws.ts'
import { tokenSeconds } from '../../identity/token-life.ts'
import {
  type Answer,
  attribute,
  definePlugin,
  type Exchange,
  type FullAnswer,
  schema as v,
  tenantOf,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { BriefMemory } from '../brief-memory.ts'
import { serverChoice } from '../../expression/client-chosen.ts'
import { customResponseSettings, refusalAnswer } from '../custom-response.ts'
import { type Client, clientOf, type Json, type Told, tokenCall } from '../identity-provider.ts'
import { unverified } from '../jwt-verifier.ts'
import { count, setting, text } from '../settings.ts'
import { bearerPlace, placeSettings, tokenPlace } from '../token-place.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** Milliseconds the longest call may take. */
const LONGEST_CALL = 60_000

const fault = (error: string): FullAnswer => bareError(400, 'jwt.not_configured', { error })
const noSetup = fault('no auth. module setup')
const noModule = fault('auth. module not found')
const unfit = fault('auth. module is not an OAuth2/OIDC module')
const ofOthers = fault('auth. module belongs to another organization')
const notFound = bareError(401, 'jwt.missing', { error: 'token not found' })

/** A client of the settings: it has a secret, and shows it where the provider of the module looks for one. */
function otherClient({ clientAuthentication }: OAuthModule, id: string, secret: string): Client {
  const basic = clientAuthentication === 'client_secret_basic'
  return { id, secret, way: basic ? 'client_secret_basic' : 'client_secret_post' }
}

const optional = (what: string) => setting(v.nullable(text), null, what)
const exchangeSettings = v.looseObject({
  audience: optional('Whom the new token is for'),
  resource: optional('Address of what it is for'),
  scope: optional('Scopes it is to have'),
  requested_token_type: setting(v.nullable(text), ACCESS_TOKEN, 'Kind of token asked for'),
  actor_token: optional('Token of whoever acts for the bearer'),
  actor_token_type: setting(v.nullable(text), ACCESS_TOKEN, 'Its kind'),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OAuth2TokenExchange',
  name: 'OAuth2 token exchange',
  description:
    'Exchanges the token of the call for another one at the token endpoint of an OAuth 2 auth module (RFC 8693) and gives that one to the backend.',
  family: 'jwt',
  categories: ['AccessControl', 'Transformations'],
  steps: ['ValidateAccess', 'TransformRequest'],
  config: v.looseObject({
    ref: optional('Id of the auth module'),
    source: setting(
      v.nullable(placeSettings),
      null,
      'Where the token stands; `Authorization: Bearer`, then the parameter `access_token` unless given',
    ),
    exchange: setting(exchangeSettings, () => v.parse(exchangeSettings, {}), 'What is asked for'),
    client_credentials_override: setting(
      v.nullable(
        v.looseObject({
          client_id: v.pipe(text, v.description('Id of the client')),
          client_secret: v.pipe(text, v.description('Secret of the client')),
        }),
      ),
      null,
      'Client that asks, in place of that of the module',
    ),
    cache_ttl_ms: setting(count, 0, 'Milliseconds a new token is used again, 0 for once'),
    call_timeout_ms: setting(count, 10_000, 'Milliseconds the exchange may take'),
    ...customResponseSettings,
  }),
  setup(config, services) {
    const { exchange: asked, client_credentials_override: client, cache_ttl_ms: ttl } = config
    const settled = [config.ref ?? '', client?.client_id ?? '', client?.client_secret ?? '']
    if (settled.some(text => serverChoice(text, services.route.domains) !== undefined))
      throw new Error('a client may choose neither the auth module nor its credentials')
    const of = (written: string | null) => services.template(written ?? '')
    const ref = of(config.ref)
    const clientId = of(client?.client_id ?? null)
    const clientSecret = of(client?.client_secret ?? null)
    const fields = Object.entries({
      audience: asked.audience,
      resource: asked.resource,
      scope: asked.scope,
      requested_token_type: asked.requested_token_type,
      actor_token: asked.actor_token,
      actor_token_type: asked.actor_token_type,
    }).map(([name, value]) => [name, of(value)] as const)
    const places =
      config.source === null
        ? [bearerPlace, tokenPlace({ type: 'InQueryParam', name: 'access_token' })]
        : [tokenPlace(config.source)]
    const instead = refusalAnswer(config)
    const exchanged = attribute<string>('token-exchange')
    const memories = new WeakMap<AuthModuleView, BriefMemory<Told>>()
    // What is exchanged with the credentials of a module goes to the backend of this route.
    const tenant = tenantOf(services.route)
    const timeout = Math.min(Math.max(1, config.call_timeout_ms), LONGEST_CALL)

    const ask = (
      call: Exchange,
      view: AuthModuleView,
      module: OAuthModule,
      token: string,
      life: number,
    ): Promise<Told> => {
      const form: Record<string, string> = {
        grant_type: GRANT,
        subject_token: token,
        subject_token_type: ACCESS_TOKEN,
      }
      for (const [name, value] of fields) {
        const text = value(call)
        if (text !== '') form[name] = text
      }
      // RFC 8693, 2.1: a kind of token without the token must not be named.
      if (form['actor_token'] === undefined) delete form['actor_token_type']
      const who = client === null ? clientOf(module) : otherClient(module, clientId(call), clientSecret(call))
      let memory = memories.get(view)
      if (memory === undefined) memories.set(view, (memory = new BriefMemory()))
      return memory.get(
        [JSON.stringify(form), who.id, who.secret],
        call.startedAt,
        () => tokenCall(services.calls, module, form, who, timeout),
        told => (told.ok ? Math.min(life, ttl, endOf(told.json)) : 0),
      )
    }
    return {
      async access(call): Promise<Answer | undefined> {
        const id = ref(call)
        if (id === '') return noSetup
        const view = services.logins.module(id)
        if (view === null) return noModule
        const module = oauthModule(view)
        if (module === null) return unfit
        if (view.tenant !== tenant) return ofOthers
        const [token, second] = places.flatMap(place => place.read(call.request))
        if (token === undefined) return instead(notFound, 'jwt.missing')
        if (second !== undefined) {
          const { refusal } = unverified({ ok: false, keyless: false, fault: 'there is more than one token' })
          return instead(refusal, refusal.reason)
        }
        if (module.jwtVerifier !== null) {
          const keys = services.jwt.keys(module.jwtVerifier, view.tenant)
          const verification = await services.jwt.verified.verify(token, keys, call.startedAt)
          if (!verification.ok) {
            const { refusal } = unverified(verification)
            return instead(refusal, refusal.reason)
          }
        }
        // Also where it is not verified here, what is made of a token does not outlive what it says of itself.
        const end = claimOf(readJws(token)?.claims ?? {}, 'exp')
        const life = typeof end === 'number' ? end * 1000 - call.startedAt : ttl
        const told = await ask(call, view, module, token, life)
        const made = told.ok ? told.json['access_token'] : undefined
        if (typeof made === 'string' && /^[\x21-\x7e]+$/.test(made)) {
          call.attributes.set(exchanged, made)
          return undefined
        }
        return instead(failure(told), 'oauth.failed')
      },
      request({ attributes, upstream }) {
        const token = attributes.get(exchanged)
        if (token === undefined) return
        for (const place of places) place.wipe(upstream)
        bearerPlace.write(upstream, token)
      },
    }
  },
})

function failure(told: Told): FullAnswer {
  if (!told.ok && told.status === 0)
    return bareError(502, 'oauth.failed', {
      error: 'token exchange call failed',
      message: 'the token endpoint gave no answer',
    })
  return bareError(502, 'oauth.failed', {
    error: 'token exchange failed',
    exchange_status: told.ok ? 200 : told.status,
  })
}

/** Milliseconds a token is good for, a little less than it says; all of the cache when it says nothing. */
function endOf(json: Json): number {
  const seconds = tokenSeconds(json['expires_in'])
  return seconds === null ? Number.POSITIVE_INFINITY : seconds * 1000 - 1000
}
