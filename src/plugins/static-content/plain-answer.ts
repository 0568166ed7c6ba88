/** Answers in plain text, of plugins that serve files. */
import { answer, type FullAnswer, type ReasonCode } from '../../plugin/index.ts'

/** An error in words; it carries a reason code. */
export function plainError(
  status: number,
  reason: ReasonCode,
  text: string,
  fields: ReadonlyArray<readonly [string, string]> = [],
): FullAnswer {
  return answer(status, [['Content-Type', 'text/plain'], ['Otoroshi-Error-Reason', reason], ...fields], text)
}

export const notFound = (): FullAnswer => plainError(404, 'not_found', 'resource not found')

export const onlyReads = (): FullAnswer =>
  plainError(405, 'method_not_allowed', 'method not allowed', [['Allow', 'GET, HEAD']])

/** True for the methods that files are asked for with. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'
