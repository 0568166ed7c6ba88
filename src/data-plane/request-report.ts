/** From a finished run to its figures and, when somebody listens, its event. */
import {
  buildGatewayEvent,
  type EventIdentity,
  type RequestFigures,
  type RequestMetrics,
} from '../events/index.ts'
import type { Run } from '../gateway/pipeline/run.ts'
import type { ConnectionFacts } from '../http/index.ts'
import { remainingOf } from '../limits/counted-call.ts'
import type { Refusal } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import {
  apikeyAttribute,
  countedCallAttribute,
  eventExtrasAttribute,
  geolocationAttribute,
  userAgentAttribute,
} from '../plugin/known-attributes.ts'

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
export interface EventSettings {
  readonly ids: () => string
  readonly env: string
  /** Fields, in lower case, by which a gateway in front names its request, and itself by id and by name. */
  readonly parentFields: { readonly request: string; readonly from: string; readonly label: string }
}

/** The event of a run. */
export function eventOfRun(run: Run, settings: EventSettings): Record<string, unknown> {
  const { exchange, compiled } = run
  const { request, route, target } = exchange
  const apikey = exchange.attributes.get(apikeyAttribute)
  const counted = exchange.attributes.get(countedCallAttribute)
  const identity: EventIdentity | null =
    apikey === undefined
      ? null
      : {
          identityType: 'APIKEY',
          identity: apikey.clientId,
          label: apikey.clientName,
          metadata: apikey.metadata,
          tags: apikey.tags,
        }
  const duration = run.endedAt - exchange.arrival
  const backend = backendTime(run)
  const error = run.refusal === null ? null : describe(run.refusal)
  return buildGatewayEvent({
    ...requestFacts(request, settings),
    // Who was shown an error finds its event by the id that came with it.
    id: run.refusal === null ? settings.ids() : exchange.id,
    requestId: exchange.id,
    receivedAt: exchange.startedAt,
    endedAt: exchange.startedAt + Math.round(duration),
    target:
      target === null
        ? null
        : { scheme: target.tls ? 'https' : 'http', host: `${target.hostname}:${target.port}` },
    duration,
    overhead: duration - Math.max(0, backend),
    backendDuration: backend,
    responseStreamingDuration: exchange.answeredAt < 0 ? -1 : run.endedAt - exchange.answeredAt,
    dataIn: run.bytesIn,
    dataOut: run.bytesOut,
    status: statusOf(run),
    chunked: run.chunked,
    headersOut: exchange.backendHeaders ?? [],
    sentHeaders: exchange.upstreamRequest?.headers ?? [],
    answerHeaders: exchange.upstreamResponse?.headers ?? exchange.backendHeaders ?? [],
    identity,
    ...(counted !== undefined && { remainingQuotas: remainingOf(counted) }),
    error,
    reason: run.refusal?.reason ?? null,
    route: { id: route.id, name: route.name, metadata: route.metadata, json: route.json },
    attempts: run.attempts.made,
    clientChain: chainOf(request),
    extras: exchange.attributes.get(eventExtrasAttribute) ?? null,
    userAgent: exchange.attributes.get(userAgentAttribute),
    geolocation: exchange.attributes.get(geolocationAttribute),
    env: compiled.parts.view.metadata['otoroshi-core-env'] ?? settings.env,
  })
}

function statusOf({ status, refusal }: Run): number {
  if (status === 101) return 200
  return status === 0 && refusal !== null ? refusal.status : status
}

/** The event of a request that reached no route. `id`: what its answer called it. */
export function eventOfRefused(
  request: ClientRequest,
  refusal: Refusal,
  arrival: number,
  id: string,
  settings: EventSettings,
): Record<string, unknown> {
  const duration = performance.now() - arrival
  const receivedAt = Math.round(performance.timeOrigin + arrival)
  return buildGatewayEvent({
    ...requestFacts(request, settings),
    ...withoutRoute(refusal, id),
    receivedAt,
    endedAt: receivedAt + Math.round(duration),
    duration,
    overhead: duration,
  })
}

/** The event of a message that was refused before it was a request: nothing is known but where it came from. */
export function eventOfUnread(
  facts: ConnectionFacts,
  refusal: Refusal,
  { ids, env }: EventSettings,
): Record<string, unknown> {
  const now = Date.now()
  return buildGatewayEvent({
    protocol: '',
    scheme: facts.tls === null ? 'http' : 'https',
    host: '',
    uri: '',
    method: '',
    clientAddress: facts.remoteAddress,
    headers: [],
    env,
    parent: null,
    ...withoutRoute(refusal, ids()),
    receivedAt: now,
    endedAt: now,
    duration: 0,
    overhead: 0,
  })
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

function requestFacts(request: ClientRequest, { env, parentFields }: EventSettings) {
  const { version, headers } = request
  const from = headers.get(parentFields.from) ?? null
  return {
    parent: {
      request: headers.get(parentFields.request) ?? null,
      from,
      label: headers.get(parentFields.label) ?? from,
    },
    protocol: `HTTP/${Math.floor(version / 10)}.${version % 10}`,
    scheme: request.protocol,
    host: request.host,
    uri: request.target,
    method: request.method,
    clientAddress: request.ip,
    headers,
    env,
  }
}

function describe(refusal: Refusal): string {
  return refusal.detail === null ? refusal.message : `${refusal.detail} / ${refusal.message}`
}

/** Milliseconds from the call to the head of its answer, -1 when there was none. */
function backendTime(run: Run): number {
  const { calledAt, answeredAt } = run.exchange
  return calledAt < 0 || answeredAt < calledAt ? -1 : answeredAt - calledAt
}

function chainOf(request: ClientRequest): string[] {
  const chain = request.connection.tls?.clientChain() ?? []
  return chain.map(
    der =>
      `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`,
  )
}
