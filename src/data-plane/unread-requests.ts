/** Requests that the HTTP engine refuses before there is one: they carry a reason code, are counted and make events too. */
import type { EventPort, RequestMetrics } from '../events/index.ts'
import { faultFields, refusalOfFault } from '../gateway/errors/message-faults.ts'
import { type HeaderBlock, type MessageFault, messageFaults, type RefusalHook } from '../http/index.ts'
import type { HeaderNameKey } from '../plugin/contract.ts'
import { type EventSettings, eventOfUnread, recordRefused } from './request-report.ts'

/** It took no time that could be told from that of others. */
const NEVER_A_REQUEST = -1

export interface UnreadRequestsOptions {
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
  readonly metrics: RequestMetrics
  readonly events: EventPort
  readonly settings: EventSettings
}

/** The hook for the servers of a thread. */
export function unreadRequests(options: UnreadRequestsOptions): RefusalHook {
  const { headerNames, metrics, events, settings } = options
  // Whoever floods us with garbage shall not make us build the same fields again and again.
  const fields = Object.fromEntries(
    Object.keys(messageFaults).map(fault => [
      fault,
      faultFields(refusalOfFault(fault as MessageFault, ''), headerNames),
    ]),
  ) as Record<MessageFault, HeaderBlock>
  return (fault, facts) => {
    const refusal = refusalOfFault(fault.fault, fault.message)
    recordRefused(metrics, refusal, NEVER_A_REQUEST)
    if (events.wanted) events.emit(eventOfUnread(facts, refusal, settings))
    return fields[fault.fault]
  }
}
