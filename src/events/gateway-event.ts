/**
 * The event of one request, in upstream's shape. Made only when somebody listens (law 9), and of its fields only those that are
 * read: a filter that looks at the status does not pay for four lists of header fields.
 *
 * Values of fields that carry credentials are masked: events are shipped to places that must not be able to log in.
 */
import type { EventParent, EventRoute, GatewayEventFacts } from './gateway-event-facts.ts'
import type { InstanceFields } from './instance-facts.ts'
import { withFields } from './json-text.ts'
import { LazyEvent } from './lazy-event.ts'
import { maskSecrets } from './mask-secrets.ts'
import { maskedFields } from './masked-fields.ts'
import { shownEntity, shownText } from './shown-entity.ts'

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

const ROUTE = 'route'
type Facts = GatewayEventFacts

/** Makes each field of the event but the route and what is known of the instance. */
const make = {
  '@type': (_: Facts) => 'GatewayEvent',
  '@id': (f: Facts) => f.id,
  '@timestamp': (f: Facts) => f.endedAt,
  '@callAt': (f: Facts) => f.receivedAt,
  reqId: (f: Facts) => f.requestId,
  parentReqId: (f: Facts) => f.parent?.request ?? null,
  protocol: (f: Facts) => f.protocol,
  to: (f: Facts) => ({ host: f.host, scheme: f.scheme, uri: f.uri }),
  target: ({ target, host, scheme, uri }: Facts) =>
    target === null ? { host, scheme, uri } : { scheme: target.scheme, host: target.host, uri },
  url: (f: Facts) => inOne(f.scheme, '://', f.host, f.uri),
  method: (f: Facts) => f.method,
  from: (f: Facts) => f.clientAddress,
  '@env': (f: Facts) => f.route?.metadata['otoroshi-core-env'] ?? f.env,
  backendDuration: (f: Facts) => whole(f.backendDuration),
  duration: (f: Facts) => whole(f.duration),
  requestStreamingDuration: (_: Facts) => -1,
  responseStreamingDuration: (f: Facts) => whole(f.responseStreamingDuration),
  backendResponseStreamingDuration: (f: Facts) => whole(f.responseStreamingDuration),
  overhead: (f: Facts) => whole(f.overhead),
  data: (f: Facts) => ({ dataIn: f.dataIn, dataOut: f.dataOut }),
  status: (f: Facts) => f.status,
  responseChunked: (f: Facts) => f.chunked,
  headers: (f: Facts) => maskedFields(f.headers),
  headersOut: (f: Facts) => maskedFields(f.headersOut),
  identity: (f: Facts) => f.identity,
  gwError: (f: Facts) => f.error,
  gwReason: (f: Facts) => f.reason,
  err: (f: Facts) => f.error !== null,
  '@serviceId': (f: Facts) => f.route?.id ?? 'none',
  '@service': (f: Facts) => f.route?.name ?? 'none',
  descriptor: (_: Facts) => null,
  matcheJwtVerifier: (_: Facts) => null,
  '@product': (f: Facts) => f.route?.metadata['product'] ?? '--',
  remainingQuotas: (f: Facts) => f.remainingQuotas ?? NO_QUOTAS,
  viz: (f: Facts) => (f.route === null ? null : vizOf(f.route, f.parent)),
  cbDuration: (f: Facts) => whole(f.backendDuration),
  overheadWoCb: (f: Facts) => Math.abs(whole(f.overhead) - Math.max(0, whole(f.backendDuration))),
  callAttempts: (f: Facts) => f.attempts,
  clientCertChain: (f: Facts) => f.clientChain,
  userAgentInfo: (f: Facts) => f.userAgent ?? null,
  geolocationInfo: (f: Facts) => f.geolocation ?? null,
  extrasData: (_: Facts) => null,
  otoroshiHeadersIn: (f: Facts) => maskedFields(f.sentHeaders),
  otoroshiHeadersOut: (f: Facts) => maskedFields(f.answerHeaders),
  extraInfos: (f: Facts) => (f.extras === null ? null : maskSecrets(f.extras)),
  'user-agent-details': (f: Facts) => f.userAgent ?? null,
  'origin-details': (f: Facts) => f.geolocation ?? null,
}
const makers = new Map<string, (facts: Facts) => unknown>(Object.entries(make))

export class GatewayEvent extends LazyEvent {
  readonly #facts: GatewayEventFacts
  readonly #instance: InstanceFields

  constructor(facts: GatewayEventFacts, instance: InstanceFields) {
    super()
    this.#facts = facts
    this.#instance = instance
  }

  read(name: string): unknown {
    const maker = makers.get(name)
    if (maker !== undefined) return maker(this.#facts)
    if (name === ROUTE) return this.#route()
    const { fields } = this.#instance
    return Object.hasOwn(fields, name) ? fields[name] : undefined
  }

  toJSON(): Record<string, unknown> {
    return { ...this.#made(), [ROUTE]: this.#route(), ...this.#instance.fields }
  }

  text(): string {
    const route = this.#route()
    const text = route === null ? 'null' : shownText(route)!
    return withFields(JSON.stringify(this.#made()), `,"${ROUTE}":${text},${this.#instance.text}`)
  }

  #route(): object | null {
    const { route } = this.#facts
    return route === null ? null : shownEntity(route.json)
  }

  // A literal: objects that grow field by field are several times slower to make and to write.
  #made() {
    const f = this.#facts
    const headersOut = make.headersOut(f)
    return {
      '@type': make['@type'](f),
      '@id': make['@id'](f),
      '@timestamp': make['@timestamp'](f),
      '@callAt': make['@callAt'](f),
      reqId: make.reqId(f),
      parentReqId: make.parentReqId(f),
      protocol: make.protocol(f),
      to: make.to(f),
      target: make.target(f),
      url: make.url(f),
      method: make.method(f),
      from: make.from(f),
      '@env': make['@env'](f),
      backendDuration: make.backendDuration(f),
      duration: make.duration(f),
      requestStreamingDuration: make.requestStreamingDuration(f),
      responseStreamingDuration: make.responseStreamingDuration(f),
      backendResponseStreamingDuration: make.backendResponseStreamingDuration(f),
      overhead: make.overhead(f),
      data: make.data(f),
      status: make.status(f),
      responseChunked: make.responseChunked(f),
      headers: make.headers(f),
      headersOut,
      identity: make.identity(f),
      gwError: make.gwError(f),
      gwReason: make.gwReason(f),
      err: make.err(f),
      '@serviceId': make['@serviceId'](f),
      '@service': make['@service'](f),
      descriptor: make.descriptor(f),
      matcheJwtVerifier: make.matcheJwtVerifier(f),
      '@product': make['@product'](f),
      remainingQuotas: make.remainingQuotas(f),
      viz: make.viz(f),
      cbDuration: make.cbDuration(f),
      overheadWoCb: make.overheadWoCb(f),
      callAttempts: make.callAttempts(f),
      clientCertChain: make.clientCertChain(f),
      userAgentInfo: make.userAgentInfo(f),
      geolocationInfo: make.geolocationInfo(f),
      extrasData: make.extrasData(f),
      otoroshiHeadersIn: make.otoroshiHeadersIn(f),
      // Most answers go on as they came.
      otoroshiHeadersOut: f.answerHeaders === f.headersOut ? headersOut : make.otoroshiHeadersOut(f),
      extraInfos: make.extraInfos(f),
      'user-agent-details': make['user-agent-details'](f),
      'origin-details': make['origin-details'](f),
    }
  }
}

/** Who calls whom, for maps of services. */
function vizOf(route: EventRoute, parent: EventParent | null): Record<string, string> {
  const from = parent?.from ?? 'internet'
  const fromLbl = parent?.label ?? 'internet'
  return { to: route.id, toLbl: route.name, from, fromLbl, fromTo: inOne(fromLbl, '###', route.name) }
}

/** A template would give a text in pieces, and one of those makes writing the whole event twice as slow. */
function inOne(...parts: readonly string[]): string {
  return parts.join('')
}

function whole(ms: number): number {
  return ms < 0 ? -1 : Math.round(ms)
}
