/** Attributes that more than one plugin, the gateway or events know. */
import type { ExpressionUser } from '../expression/index.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import { attribute } from './attributes.ts'

/** The API key the request was made with, once it is accepted. */
export const apikeyAttribute = attribute<ApikeyView>('apikey')

/** Claims of the verified JWT that stood for the API key, when it was one. */
export const apikeyClaimsAttribute = attribute<Readonly<Record<string, unknown>>>('apikey-claims')

/** The logged-in user. */
export const userAttribute = attribute<ExpressionUser>('user')
