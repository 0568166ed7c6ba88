/** Attributes that more than one plugin, the gateway or events know. */
import type { ApikeyView } from '../identity/apikey.ts'
import { attribute } from './attributes.ts'

/** The API key the request was made with, once it is accepted. */
export const apikeyAttribute = attribute<ApikeyView>('apikey')
