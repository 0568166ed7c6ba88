/** What an event says of a run: each fact found when it is asked for. */
import { type EventIdentity, type GatewayEventFacts, keepText, maskedTarget } from '../events/index.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import type { Run } from '../gateway/pipeline/run.ts'
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
import { parentOf, protocolOf, type RequestFactsSettings } from './request-facts.ts'

export interface RunFactsSettings extends RequestFactsSettings {
  readonly ids: () => string
}

export class RunFacts implements GatewayEventFacts {
  readonly #run: Run
  readonly #settings: RunFactsSettings
  #id = ''
  #parent: GatewayEventFacts['parent'] = null

  constructor(run: Run, settings: RunFactsSettings) {
    this.#run = run
    this.#settings = settings
  }

  /** Who was shown an error finds its event by the id that came with it. */
  get id(): string {
    if (this.#run.refusal !== null) return this.requestId
    return (this.#id ||= this.#settings.ids())
  }

  get requestId(): string {
    return this.#run.exchange.id
  }

  get receivedAt(): number {
    return this.#run.exchange.startedAt
  }

  get endedAt(): number {
    return this.receivedAt + Math.round(this.duration)
  }

  get protocol(): string {
    return protocolOf(this.#request)
  }

  get scheme(): string {
    return this.#request.protocol
  }

  get host(): string {
    return this.#request.host
  }

  get uri(): string {
    return maskedTarget(this.#request.target)
  }

  get method(): string {
    return this.#request.method
  }

  get clientAddress(): string {
    return this.#request.ip
  }

  get target(): GatewayEventFacts['target'] {
    const { target } = this.#run.exchange
    if (target === null) return null
    return { scheme: target.tls ? 'https' : 'http', host: [target.hostname, target.port].join(':') }
  }

  get duration(): number {
    return this.#run.endedAt - this.#run.exchange.arrival
  }

  get overhead(): number {
    return this.duration - Math.max(0, this.backendDuration)
  }

  get backendDuration(): number {
    return backendTime(this.#run)
  }

  get responseStreamingDuration(): number {
    const { answeredAt } = this.#run.exchange
    return answeredAt < 0 ? -1 : this.#run.endedAt - answeredAt
  }

  get dataIn(): number {
    return this.#run.bytesIn
  }

  get dataOut(): number {
    return this.#run.bytesOut
  }

  get status(): number {
    const { status, refusal } = this.#run
    if (status === 101) return 200
    return status === 0 && refusal !== null ? refusal.status : status
  }

  get chunked(): boolean {
    return this.#run.chunked
  }

  get headers(): GatewayEventFacts['headers'] {
    return this.#request.headers
  }

  get headersOut(): GatewayEventFacts['headersOut'] {
    return this.#run.exchange.backendHeaders ?? []
  }

  get sentHeaders(): GatewayEventFacts['sentHeaders'] {
    return this.#run.exchange.upstreamRequest?.headers ?? []
  }

  get answerHeaders(): GatewayEventFacts['answerHeaders'] {
    const { upstreamResponse, backendHeaders } = this.#run.exchange
    return upstreamResponse?.headers ?? backendHeaders ?? []
  }

  get identity(): EventIdentity | null {
    const apikey = this.#run.exchange.attributes.get(apikeyAttribute)
    return apikey === undefined ? null : identityOf(apikey)
  }

  get error(): string | null {
    const { refusal } = this.#run
    return refusal === null ? null : describe(refusal)
  }

  get reason(): string | null {
    return this.#run.refusal?.reason ?? null
  }

  get route(): NonNullable<GatewayEventFacts['route']> {
    return this.#run.exchange.route
  }

  get attempts(): number {
    return this.#run.attempts.made
  }

  get clientChain(): readonly string[] {
    return chainOf(this.#request)
  }

  get extras(): GatewayEventFacts['extras'] {
    return this.#run.exchange.attributes.get(eventExtrasAttribute) ?? null
  }

  get userAgent(): GatewayEventFacts['userAgent'] {
    return this.#run.exchange.attributes.get(userAgentAttribute)
  }

  get geolocation(): GatewayEventFacts['geolocation'] {
    return this.#run.exchange.attributes.get(geolocationAttribute)
  }

  get env(): string {
    return this.#run.compiled.parts.view.metadata['otoroshi-core-env'] ?? this.#settings.env
  }

  get remainingQuotas(): GatewayEventFacts['remainingQuotas'] {
    const counted = this.#run.exchange.attributes.get(countedCallAttribute)
    return counted === undefined ? undefined : remainingOf(counted)
  }

  get parent(): GatewayEventFacts['parent'] {
    return (this.#parent ??= parentOf(this.#request, this.#settings))
  }

  get #request(): ClientRequest {
    return this.#run.exchange.request
  }
}

/** What events say of a key: made once, a changed key is another view. */
const identities = new WeakMap<ApikeyView, EventIdentity>()

function identityOf(apikey: ApikeyView): EventIdentity {
  let identity = identities.get(apikey)
  if (identity === undefined) {
    const { clientId, clientName, metadata, tags } = apikey
    identity = keepText<EventIdentity>({
      identityType: 'APIKEY',
      identity: clientId,
      label: clientName,
      metadata,
      tags,
    })
    identities.set(apikey, identity)
  }
  return identity
}

/** Milliseconds from the call to the head of its answer, -1 when there was none. */
export function backendTime(run: Run): number {
  const { calledAt, answeredAt } = run.exchange
  return calledAt < 0 || answeredAt < calledAt ? -1 : answeredAt - calledAt
}

/** A refusal in one line. */
export function describe(refusal: Refusal): string {
  return refusal.detail === null ? refusal.message : `${refusal.detail} / ${refusal.message}`
}

function chainOf(request: ClientRequest): string[] {
  const chain = request.connection.tls?.clientChain() ?? []
  return chain.map(
    der =>
      `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`,
  )
}
