/** From a finished run to its figures and, when somebody listens, its event. */
import {
  GatewayEvent,
  type InstanceFields,
  type RequestFigures,
  type RequestMetrics,
} from '../events/index.ts'
import type { Run } from '../gateway/pipeline/run.ts'
import type { ConnectionFacts } from '../http/index.ts'
import type { Refusal } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import { requestFacts } from './request-facts.ts'
import { backendTime, describe, RunFacts, type RunFactsSettings } from './run-facts.ts'

/** Records a run. */
export function recordRun(metrics: RequestMetrics, run: Run): void {
  const { exchange } = run
  const duration = run.endedAt - exchange.arrival
  metrics.record({
    status: run.status === 0 && run.refusal !== null ? run.refusal.status : run.status,
    ended: endOf(run),
    duration,
    overhead: duration - Math.max(0, backendTime(run)),
    dataIn: run.bytesIn,
    dataOut: run.bytesOut,
    attempts: run.attempts.made,
    upgraded: run.status === 101,
  })
}

function endOf({ refusal, cut, clientGone }: Run): RequestFigures['ended'] {
  if (clientGone) return 'left'
  if (cut) return 'cut'
  return refusal === null ? 'answered' : 'refused'
}

/** Records a request that reached no route. `duration`: milliseconds, -1 for one that never was a request. */
export function recordRefused(metrics: RequestMetrics, refusal: Refusal, duration: number): void {
  metrics.record({
    status: refusal.status,
    ended: refusal.reason === 'request.client_gone' ? 'left' : 'refused',
    duration,
    overhead: duration,
    dataIn: 0,
    dataOut: 0,
    attempts: 0,
    upgraded: false,
  })
}

/** What events are made with besides the request. */
export interface EventSettings extends RunFactsSettings {
  readonly instance: InstanceFields
}

/** The event of a run. */
export function eventOfRun(run: Run, settings: EventSettings): GatewayEvent {
  return new GatewayEvent(new RunFacts(run, settings), settings.instance)
}

/** The event of a request that reached no route. `id`: what its answer called it. */
export function eventOfRefused(
  request: ClientRequest,
  refusal: Refusal,
  arrival: number,
  id: string,
  settings: EventSettings,
): GatewayEvent {
  const duration = performance.now() - arrival
  const receivedAt = Math.round(performance.timeOrigin + arrival)
  const facts = {
    ...requestFacts(request, settings),
    ...withoutRoute(refusal, id),
    receivedAt,
    endedAt: receivedAt + Math.round(duration),
    duration,
    overhead: duration,
  }
  return new GatewayEvent(facts, settings.instance)
}

/** The event of a message that was refused before it was a request: nothing is known but where it came from. */
export function eventOfUnread(
  connection: ConnectionFacts,
  refusal: Refusal,
  settings: EventSettings,
): GatewayEvent {
  const now = Date.now()
  const facts = {
    protocol: '',
    scheme: connection.tls === null ? 'http' : 'https',
    host: '',
    uri: '',
    method: '',
    clientAddress: connection.remoteAddress,
    headers: [],
    env: settings.env,
    parent: null,
    ...withoutRoute(refusal, settings.ids()),
    receivedAt: now,
    endedAt: now,
    duration: 0,
    overhead: 0,
  }
  return new GatewayEvent(facts, settings.instance)
}

function withoutRoute(refusal: Refusal, id: string) {
  return {
    id,
    requestId: id,
    target: null,
    backendDuration: -1,
    responseStreamingDuration: -1,
    dataIn: 0,
    dataOut: 0,
    status: refusal.status,
    chunked: false,
    headersOut: [],
    sentHeaders: [],
    answerHeaders: [],
    identity: null,
    error: describe(refusal),
    reason: refusal.reason,
    route: null,
    attempts: 0,
    clientChain: [],
    extras: null,
  }
}
