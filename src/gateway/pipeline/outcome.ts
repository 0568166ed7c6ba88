/** From failures of a call to refusals, and which of them may be tried again. */
import { BadMessage, BodyTimeout, TransportError, type TransportFault } from '../../http/index.ts'
import { type Refusal, refuse } from '../../plugin/answer.ts'
import { BodyFault } from '../../plugin/body-fault.ts'
import { BodyTooLarge } from '../../plugin/body-too-large.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import { refusalOfFault } from '../errors/message-faults.ts'

const reasonOf: Readonly<Record<TransportFault, ReasonCode>> = {
  dns: 'backend.dns',
  refused: 'backend.refused',
  unreachable: 'backend.unreachable',
  connect_timeout: 'backend.connect_timeout',
  tls: 'backend.tls',
  queue_full: 'backend.queue_full',
  queue_timeout: 'backend.queue_full',
  reset: 'backend.reset',
  closed_early: 'backend.reset',
  head_timeout: 'backend.call_timeout',
  idle_timeout: 'backend.idle_timeout',
  total_timeout: 'backend.call_timeout',
  bad_response: 'backend.bad_response',
  short_body: 'backend.bad_response',
  proxy_refused: 'backend.proxy_refused',
  aborted: 'backend.reset',
}

/** What the client is told. `consumed`: its body was already sent. */
export function refusalOf(error: TransportError, consumed: boolean, global: boolean): Refusal {
  let reason = reasonOf[error.fault]
  if (reason === 'backend.call_timeout') {
    if (global) reason = 'backend.global_timeout'
    else if (consumed) reason = 'backend.call_timeout_consumed'
  }
  return refuse(reason, { detail: error.message })
}

/** What the client is told when a body broke, its own or the backend's, or is longer than a plugin allows. */
export function bodyRefusal(fault: Error): Refusal {
  if (fault instanceof TransportError) return refusalOf(fault, false, false)
  if (fault instanceof BodyFault) return fault.refusal
  if (fault instanceof BodyTooLarge) return refuse('body_too_large', { detail: fault.message })
  if (fault instanceof BadMessage && fault.fault !== 'bad_message')
    return refusalOfFault(fault.fault, fault.message)
  return refuse(fault instanceof BodyTimeout ? 'request.body_timeout' : 'request.bad_body', {
    detail: fault.message,
  })
}

/** A body broke, or is longer than a plugin allows: what failed is not the plugin that read it. */
export function isBodyFault(error: unknown): error is Error {
  return [BodyFault, BodyTooLarge, BadMessage, BodyTimeout, TransportError].some(
    kind => error instanceof kind,
  )
}

/** Why an answer that had begun was not completed. */
export function answerCut(error: Error): Refusal {
  if (error instanceof TransportError) return refusalOf(error, false, false)
  if (error instanceof BodyFault) return error.refusal
  return refuse(error instanceof BodyTooLarge ? 'body_too_large' : 'plugin.failed', { detail: error.message })
}

/** Faults that say nothing about the target: its breaker does not count them. */
export function blamesTarget(fault: TransportFault): boolean {
  return fault !== 'queue_full' && fault !== 'queue_timeout' && fault !== 'aborted'
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** True when the call may be made again: nothing of it reached a server, or doing it twice does no harm (RFC 9110, 9.2.2). */
export function mayRepeat(method: string, error: TransportError): boolean {
  return error.fault !== 'aborted' && (error.untouched || IDEMPOTENT.has(method))
}
