/**
 * `/.well-known/otoroshi/me` of a route: who the route takes the caller for. Whoever would not get in does not get an answer,
 * and the backend is not asked.
 */
import { type Answer, answerJson, type FullAnswer, refuse } from '../plugin/answer.ts'
import type { ClientRequest, Exchange } from '../plugin/contract.ts'
import { apikeyAttribute, userAttribute } from '../plugin/known-attributes.ts'
import type { InsteadOfBackend } from './pipeline/run-context.ts'

const ME = '/.well-known/otoroshi/me'

export function asksWhoCalls({ path }: ClientRequest): boolean {
  return path.length === ME.length && path === ME
}

export const aboutCaller: InsteadOfBackend = { answer: whoCalls, stopped: withoutLogin }

function whoCalls({ attributes }: Exchange): FullAnswer {
  const user = attributes.get(userAttribute)
  if (user !== undefined) return answerJson(200, { ...user.profile, access_type: 'session' })
  const apikey = attributes.get(apikeyAttribute)
  if (apikey !== undefined) return answerJson(200, { ...apikey.light(), access_type: 'apikey' })
  return answerJson(200, { access_type: 'public' })
}

/** A script that asks is not led to a login page. */
function withoutLogin(stopped: Answer): Answer {
  const leads = stopped.kind === 'full' && stopped.status >= 300 && stopped.status < 400
  return leads ? refuse('consumer.no_session') : stopped
}
