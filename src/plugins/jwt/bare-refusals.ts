/** Refusals that clients know as bare JSON. */
import type { FullAnswer } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'

/** What the plugin needs is not set, or is gone. */
export const notConfigured: FullAnswer = bareError(400, 'jwt.not_configured', { error: 'bad request' })
