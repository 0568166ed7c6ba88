/** Answers the gateway does not have from a backend, on their way to the client. */
import { bodyless, HeaderBlock, reasonPhrase } from '../../http/index.ts'
import type { FullAnswer, Refusal } from '../../plugin/answer.ts'
import { renderRefusal } from '../errors/render.ts'
import { type AnswerSource, answerBody } from './answer-body.ts'
import { type GatewayExchange, UpstreamResponse } from './exchange.ts'
import type { RunContext } from './run-context.ts'

/** The answer of a plugin; `onSource` gets the source of a body that comes in pieces. Throws `InvalidHeader`. */
export function pluginAnswer(
  { status, headers, body }: FullAnswer,
  method: string,
  onSource: (source: AnswerSource) => void,
): UpstreamResponse {
  const headOnly = method === 'HEAD' || bodyless(status)
  const sent = answerBody(body, headOnly, onSource)
  return new UpstreamResponse(status, reasonPhrase(status), HeaderBlock.from(headers), sent)
}

/** A refusal, worded as the client wants it. */
export function errorAnswer(
  refusal: Refusal,
  { request, route, id }: GatewayExchange,
  { headerNames, errorTemplate }: RunContext,
): UpstreamResponse {
  const rendered = renderRefusal(refusal, {
    accept: request.headers.get('accept'),
    state: request.headers.get(headerNames.state.toLowerCase()),
    errorId: id,
    template: errorTemplate(route.id),
    headerNames,
  })
  const body = answerBody(rendered.body, false, () => {})
  return new UpstreamResponse(rendered.status, reasonPhrase(rendered.status), rendered.headers, body)
}
