/** One request as plugins see it. Holds state only; `Run` drives it. */
import { FirstObjects } from '../../http/first-objects.ts'
import { HeaderBlock } from '../../http/index.ts'
import { Attributes } from '../../plugin/attributes.ts'
import type {
  BackendRequest,
  BackendResponse,
  Body,
  Destination,
  Exchange,
  RouteView,
  TargetView,
  Timings,
} from '../../plugin/contract.ts'
import type { Flow } from '../flow/flow.ts'
import type { GatewayRequest } from './client-request.ts'

/** The request on its way to the backend. */
export class UpstreamRequest implements BackendRequest {
  method: string
  path: string
  readonly headers: HeaderBlock
  readonly body: Body

  constructor(method: string, path: string, headers: HeaderBlock, body: Body) {
    this.method = method
    this.path = path
    this.headers = headers
    this.body = body
  }
}

/** The response on its way to the client. */
export class UpstreamResponse implements BackendResponse {
  status: number
  reason: string
  readonly headers: HeaderBlock
  readonly body: Body

  constructor(status: number, reason: string, headers: HeaderBlock, body: Body) {
    this.status = status
    this.reason = reason
    this.headers = headers
    this.body = body
  }
}

/** Fields for whatever goes to the client. */
export class AnswerFields {
  readonly added = new HeaderBlock()
  /** Fields an answer has once; one that has them already keeps its own. */
  readonly once = new HeaderBlock()

  /** Puts them on an answer. Throws `InvalidHeader`. */
  applyTo(headers: HeaderBlock): void {
    for (const [name, value] of this.once) if (!headers.has(name.toLowerCase())) headers.append(name, value)
    for (const [name, value] of this.added) headers.append(name, value)
  }
}

/** What drives an exchange. */
export interface ExchangeOwner {
  readonly flow: Flow | null
  repeat(prepare: (copy: Exchange) => void, over: (copy: Exchange) => void): void
}

/** A destination that counts the requests that go there. */
export interface HeldDestination extends Destination {
  enter(): void
  leave(): void
}

/** Makes a request id when somebody wants to know it. */
export type IdSource = () => string

const firstObjects = new FirstObjects()

export class GatewayExchange implements Exchange {
  readonly request: GatewayRequest
  readonly route: RouteView
  readonly matchedPath: string
  readonly startedAt: number
  readonly attributes: Attributes
  upstreamRequest: UpstreamRequest | null = null
  upstreamResponse: UpstreamResponse | null = null
  target: TargetView | null = null
  /** `performance.now()` of marks; -1 unknown. */
  readonly arrival: number
  calledAt = -1
  answeredAt = -1
  /** Fields of the backend's answer as they came, when there was one. */
  backendHeaders: HeaderBlock | null = null
  answerFields: AnswerFields | null = null
  owner: ExchangeOwner | null = null
  /** In place of the backend of the route. */
  destination: HeldDestination | null = null
  readonly #ids: IdSource
  #id = ''

  constructor(
    request: GatewayRequest,
    route: RouteView,
    matchedPath: string,
    arrival: number,
    ids: IdSource,
    attributes: Attributes = new Attributes(),
  ) {
    this.attributes = attributes
    this.request = request
    this.route = route
    this.matchedPath = matchedPath
    this.arrival = arrival
    this.startedAt = Date.now()
    this.#ids = ids
    firstObjects.note(this)
  }

  get id(): string {
    if (this.#id === '') this.#id = this.#ids()
    return this.#id
  }

  get upstream(): UpstreamRequest {
    if (this.upstreamRequest === null) throw new Error('there is no request to the backend in this phase')
    return this.upstreamRequest
  }

  get response(): UpstreamResponse {
    if (this.upstreamResponse === null) throw new Error('there is no response in this phase')
    return this.upstreamResponse
  }

  backendField(name: string): string | undefined {
    return this.backendHeaders?.get(name.toLowerCase())
  }

  get backendAnswered(): boolean {
    return this.backendHeaders !== null
  }

  get timings(): Timings {
    return {
      overheadIn: this.calledAt < 0 ? -1 : this.calledAt - this.arrival,
      upstream: this.answeredAt < 0 ? -1 : this.answeredAt - this.calledAt,
    }
  }

  addAnswerHeader(name: string, value: string): void {
    this.answerFields ??= new AnswerFields()
    this.answerFields.added.append(name, value)
  }

  setAnswerHeader(name: string, value: string): void {
    this.answerFields ??= new AnswerFields()
    this.answerFields.once.set(name, value)
  }

  sendTo(destination: Destination): void {
    const held = destination as HeldDestination
    held.enter()
    this.leaveDestination()
    this.destination = held
  }

  /** Called at the end of the request. */
  leaveDestination(): void {
    this.destination?.leave()
    this.destination = null
  }

  note(name: string, value: unknown): void {
    this.owner?.flow?.note(name, value)
  }

  repeat(prepare: (copy: Exchange) => void, over: (copy: Exchange) => void): void {
    if (this.owner === null) throw new Error('the request is not being served')
    this.owner.repeat(prepare, over)
  }

  /** The same request anew, with the attributes of this one. */
  copy(): GatewayExchange {
    const { request, route, matchedPath, attributes } = this
    const copy = new GatewayExchange(request, route, matchedPath, performance.now(), this.#ids, attributes)
    if (this.destination !== null) copy.sendTo(this.destination)
    return copy
  }
}
