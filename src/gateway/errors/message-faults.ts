/** The reason codes of messages that the HTTP engine refuses by itself or finds broken. */
import { HeaderBlock, type MessageFault } from '../../http/index.ts'
import { type Refusal, refuse } from '../../plugin/answer.ts'
import type { HeaderNameKey } from '../../plugin/contract.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import { REASON_HEADER } from './render.ts'

/** What a server can find wrong with a request. */
export type RequestFault = Exclude<MessageFault, 'bad_response'>

export const reasonOfFault: Readonly<Record<RequestFault, ReasonCode>> = {
  bad_message: 'request.bad_message',
  connect_refused: 'request.connect_refused',
  head_timeout: 'request.head_timeout',
  body_too_large: 'request.body_too_large',
  target_too_long: 'request.target_too_long',
  unknown_expectation: 'request.unknown_expectation',
  head_too_large: 'request.head_too_large',
  unsupported: 'request.unsupported',
  unknown_version: 'request.unknown_version',
}

/** The refusal that a fault of a request amounts to. `detail`: the engine's own words. */
export function refusalOfFault(fault: MessageFault, detail: string): Refusal {
  return refuse(fault === 'bad_response' ? 'internal' : reasonOfFault[fault], { detail })
}

/** Fields of the gateway on an answer that the engine words itself, since no request could be read. */
export function faultFields(refusal: Refusal, names: Readonly<Record<HeaderNameKey, string>>): HeaderBlock {
  return HeaderBlock.from([
    [names.error, 'true'],
    [REASON_HEADER, refusal.reason],
    [names.errorMessage, refusal.message],
    ['Cache-Control', 'no-store'],
  ])
}
