/**
 * The event of one request, in upstream's shape. Built only when somebody listens (law 9).
 *
 * Values of fields that carry credentials are masked: events are shipped to places that must not be able to log in.
 */
import { maskSecrets } from './mask-secrets.ts'

/** A header field of an event. */
export interface EventField {
  readonly key: string
  readonly value: string
}

/** What the gateway knows of a finished request. Times in milliseconds; -1 where unknown. */
export interface GatewayEventFacts {
  readonly id: string
  readonly requestId: string
  /** Epoch milliseconds. */
  readonly receivedAt: number
  readonly endedAt: number
  readonly protocol: string
  readonly scheme: string
  readonly host: string
  readonly uri: string
  readonly method: string
  readonly clientAddress: string
  readonly target: { readonly scheme: string; readonly host: string } | null
  readonly duration: number
  readonly overhead: number
  readonly backendDuration: number
  readonly responseStreamingDuration: number
  readonly dataIn: number
  readonly dataOut: number
  readonly status: number
  readonly chunked: boolean
  readonly headers: Iterable<readonly [string, string]>
  readonly headersOut: Iterable<readonly [string, string]>
  readonly sentHeaders: Iterable<readonly [string, string]>
  readonly answerHeaders: Iterable<readonly [string, string]>
  readonly identity: EventIdentity | null
  /** Message of the gateway's own error, or null. */
  readonly error: string | null
  /** Reason code of that error, or null. */
  readonly reason: string | null
  readonly route: EventRoute | null
  readonly attempts: number
  readonly clientChain: readonly string[]
  /** What plugins tell besides, or null. */
  readonly extras: Readonly<Record<string, unknown>> | null
  readonly env: string
  /** What is left to the API key; absent: unknown. */
  readonly remainingQuotas?: Readonly<Record<string, number>>
  /** What a gateway in front says of the request it made this one for; null where nothing is known. */
  readonly parent: EventParent | null
}

export interface EventParent {
  readonly request: string | null
  /** Id and name of the calling service. */
  readonly from: string | null
  readonly label: string | null
}

export interface EventIdentity {
  readonly identityType: 'APIKEY' | 'PRIVATEAPP'
  readonly identity: string
  readonly label: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly string[]
}

export interface EventRoute {
  readonly id: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  /** The whole entity. */
  readonly json: unknown
}

const NO_QUOTAS = {
  authorizedCallsPerWindow: -1,
  throttlingCallsPerWindow: -1,
  remainingCallsPerWindow: -1,
  authorizedCallsPerDay: -1,
  currentCallsPerDay: -1,
  remainingCallsPerDay: -1,
  authorizedCallsPerMonth: -1,
  currentCallsPerMonth: -1,
  remainingCallsPerMonth: -1,
}

/** Builds the event. */
export function buildGatewayEvent(facts: GatewayEventFacts): Record<string, unknown> {
  const { route, target, uri } = facts
  const failed = facts.error !== null
  return {
    '@type': 'GatewayEvent',
    '@id': facts.id,
    '@timestamp': facts.endedAt,
    '@callAt': facts.receivedAt,
    reqId: facts.requestId,
    parentReqId: facts.parent?.request ?? null,
    protocol: facts.protocol,
    to: { host: facts.host, scheme: facts.scheme, uri },
    target: target === null ? { host: facts.host, scheme: facts.scheme, uri } : { ...target, uri },
    url: `${facts.scheme}://${facts.host}${uri}`,
    method: facts.method,
    from: facts.clientAddress,
    '@env': route?.metadata['otoroshi-core-env'] ?? facts.env,
    backendDuration: whole(facts.backendDuration),
    duration: whole(facts.duration),
    requestStreamingDuration: -1,
    responseStreamingDuration: whole(facts.responseStreamingDuration),
    backendResponseStreamingDuration: whole(facts.responseStreamingDuration),
    overhead: whole(facts.overhead),
    data: { dataIn: facts.dataIn, dataOut: facts.dataOut },
    status: facts.status,
    responseChunked: facts.chunked,
    headers: maskedFields(facts.headers),
    headersOut: maskedFields(facts.headersOut),
    identity: facts.identity,
    gwError: facts.error,
    gwReason: facts.reason,
    err: failed,
    '@serviceId': route?.id ?? 'none',
    '@service': route?.name ?? 'none',
    descriptor: null,
    route: route?.json ?? null,
    matcheJwtVerifier: null,
    '@product': route?.metadata['product'] ?? '--',
    remainingQuotas: facts.remainingQuotas ?? NO_QUOTAS,
    viz: route === null ? null : vizOf(route, facts.parent),
    cbDuration: whole(facts.backendDuration),
    overheadWoCb: Math.abs(whole(facts.overhead) - Math.max(0, whole(facts.backendDuration))),
    callAttempts: facts.attempts,
    clientCertChain: facts.clientChain,
    userAgentInfo: null,
    geolocationInfo: null,
    extrasData: null,
    otoroshiHeadersIn: maskedFields(facts.sentHeaders),
    otoroshiHeadersOut: maskedFields(facts.answerHeaders),
    extraInfos: facts.extras === null ? null : maskSecrets(facts.extras),
  }
}

/** Who calls whom, for maps of services. */
function vizOf(route: EventRoute, parent: EventParent | null): Record<string, string> {
  const from = parent?.from ?? 'internet'
  const fromLbl = parent?.label ?? 'internet'
  return { to: route.id, toLbl: route.name, from, fromLbl, fromTo: `${fromLbl}###${route.name}` }
}

/** Names of fields whose values are credentials, in lower case. */
const SECRET = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'otoroshi-client-secret',
  'otoroshi-authorization',
  'otoroshi-token',
  'otoroshi-claim',
  'otoroshi-private-token',
  'x-api-key',
])

/** The fields as events show them: values that are credentials masked. */
export function maskedFields(from: Iterable<readonly [string, string]>): EventField[] {
  const list: EventField[] = []
  for (const [key, value] of from) list.push({ key, value: SECRET.has(key.toLowerCase()) ? '***' : value })
  return list
}

function whole(ms: number): number {
  return ms < 0 ? -1 : Math.round(ms)
}
