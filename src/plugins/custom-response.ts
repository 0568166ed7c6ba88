/** The answer that settings give in place of a refusal (`custom_response…`). */
import { checkField } from '../http/headers.ts'
import { answer, type FullAnswer, type Refusal, schema as v } from '../plugin/index.ts'
import { answerStatus, flag, noEntries, setting, text, textMap } from './settings.ts'

/** Settings of the plugins that have one. */
export const customResponseSettings = {
  custom_response: setting(flag, false, 'Answer refusals with what follows'),
  custom_response_status: setting(answerStatus, 401, 'Status'),
  custom_response_headers: setting(textMap, noEntries, 'Headers'),
  custom_response_body: setting(text, '{"error":"unauthorized"}', 'Body'),
}

const shape = v.object(customResponseSettings)
type CustomResponse = v.InferOutput<typeof shape>

/** What is answered in place of a refusal; a refusal stays one unless the settings give an answer. Throws `InvalidHeader`. */
export function refusalAnswer(
  settings: CustomResponse,
): <R extends Refusal | FullAnswer>(refusal: R, reason: string) => R | FullAnswer {
  if (!settings.custom_response) return refusal => refusal
  const {
    custom_response_status: status,
    custom_response_headers: given,
    custom_response_body: body,
  } = settings
  const headers = Object.entries(given)
  for (const [name, value] of headers) checkField(name, value)
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type'))
    headers.push(['Content-Type', 'application/json'])
  return (_refusal, reason) => answer(status, [...headers, ['Otoroshi-Error-Reason', reason]], body)
}
