/** Answers of other servers that a plugin gives on, and what is said when there is none. */
import { answer, type CallAnswer, CallFailed, type FullAnswer } from '../plugin/index.ts'
import { bareError } from './bare-error.ts'

/** Of one connection only (RFC 9110, 7.6.1), or computed anew. */
const OWN = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Status, fields and body as they came. */
export function relayed({ status, headers, body }: CallAnswer): FullAnswer {
  const fields = [...headers].filter(([name]) => !OWN.has(name.toLowerCase()))
  // An answer that says nothing final is none.
  return answer(status < 200 ? 502 : status, fields, body.length === 0 ? null : body)
}

/** 502 for a call without an answer; any other error is thrown on. Why, is for the log: it names the server. */
export function unreachable(error: unknown, complain: (message: string) => void): FullAnswer {
  if (!(error instanceof CallFailed)) throw error
  complain(error.message)
  return bareError(502, 'service.unreachable', { error: 'the service did not answer' })
}
