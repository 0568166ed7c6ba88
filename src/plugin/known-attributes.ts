/** Attributes that more than one plugin, the gateway or events know. */
import type { ExpressionToken } from '../expression/index.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import type { UserView } from '../identity/user.ts'
import type { CountedCall } from '../limits/counted-call.ts'
import { attribute } from './attributes.ts'

/** The API key the request was made with, once it is accepted. */
export const apikeyAttribute = attribute<ApikeyView>('apikey')

/** Claims of the verified JWT that stood for the API key, when it was one. */
export const apikeyClaimsAttribute = attribute<Readonly<Record<string, unknown>>>('apikey-claims')

/** The logged-in user. */
export const userAttribute = attribute<UserView>('user')

/** The JWT the request came with, once a verifier of the route has accepted it. */
export const inputTokenAttribute = attribute<ExpressionToken>('input-token')

/** The JWT a verifier of the route sends to the backend. */
export const outputTokenAttribute = attribute<ExpressionToken>('output-token')

/** More values that expressions know as `ctx.x` and `token.x`. */
export const expressionValuesAttribute = attribute<(key: string) => string | undefined>('expression-values')

/** What is known of the client's software, as `ctx.useragent.x` in expressions. */
export const userAgentAttribute = attribute<Readonly<Record<string, unknown>>>('user-agent')

/** Where the client is, as `ctx.geolocation.x` in expressions. */
export const geolocationAttribute = attribute<Readonly<Record<string, unknown>>>('geolocation')

/** More about the request for its event: `extraInfos`. */
export const eventExtrasAttribute = attribute<Readonly<Record<string, unknown>>>('event-extras')

/** What the call found when it was counted for its API key. */
export const countedCallAttribute = attribute<CountedCall>('counted-call')

/** Limits that are only watched, and that the call is over. */
export const overLimitsAttribute = attribute<readonly string[]>('over-limits')

/** Id by which the canary plugins tell a client again. */
export const canaryIdAttribute = attribute<string>('canary-id')

/** The request is only thought of: nothing is counted. */
export const hypotheticalAttribute = attribute<boolean>('hypothetical')
