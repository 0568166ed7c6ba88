/**
 * The calls of one request to its backend: a target is chosen, the request is made, failures are tried again.
 *
 * Guarantees: a body that has begun to flow is never sent twice; a call that may have had an effect is repeated only when
 * its method says that this does no harm; all attempts together keep to the global time-out.
 */
import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { FirstObjects } from '../../http/first-objects.ts'
import {
  bodyless,
  type CallTimeouts,
  ClientGone,
  type HeaderBlock,
  type ServerExchange,
  type TransportError,
} from '../../http/index.ts'
import { type Refusal, refuse } from '../../plugin/answer.ts'
import { apikeyAttribute } from '../../plugin/known-attributes.ts'
import type { ReasonCode } from '../../plugin/reasons.ts'
import type { ChoiceContext, TimeoutProfile } from '../balancing/index.ts'
import type { CallPlace, CompiledRoute, TargetLink } from '../compile/compiled-route.ts'
import { MissingCertificate } from '../backends/origin-of.ts'
import { BadComputedHost } from '../compile/dynamic-link.ts'
import type { PrivateRoute } from '../compile/environment.ts'
import { UnsafePath } from '../compile/path.ts'
import type { Flow } from '../flow/flow.ts'
import type { Chain } from './chain.ts'
import { type GatewayExchange, type HeldDestination, UpstreamRequest } from './exchange.ts'
import { MessageBody } from './message-body.ts'
import { blamesTarget, bodyRefusal, mayRepeat, refusalOf } from './outcome.ts'
import { RequestChoice } from './request-choice.ts'
import type { RunContext } from './run-context.ts'
import { newTrackingId, TRACKING_COOKIE } from './tracking.ts'
import { Transfer, type TransferOwner } from './transfer.ts'

/** What the attempts need of the request they belong to. */
export interface AttemptsOwner {
  readonly server: ServerExchange
  readonly exchange: GatewayExchange
  readonly compiled: CompiledRoute
  readonly flow: Flow | null
  readonly context: RunContext
  /** A target is chosen and the request made: plugins may change it. `dispatch` follows. */
  transformRequest(): void
  refuse(refusal: Refusal): void
  clientLeft(): void
  broken(error: unknown): void
  /** The backend answered; the body of the answer waits in the transfer. */
  answered(transfer: Transfer, status: number, reason: string, headers: HeaderBlock, length: number): void
  upgraded(status: number, headers: HeaderBlock, stream: Duplex): void
  informed(status: number, headers: HeaderBlock): void
  flush(): void
  /** Nothing is sent for a hypothetical request: it ends here. */
  ended(): void
}

/** Plugins of the route may answer in place of a backend that has no target. */
function answersItself({ lookup, backend, socket, tunnel }: Chain): boolean {
  return lookup.length > 0 || backend.length > 0 || socket.length > 0 || tunnel.length > 0
}

const firstObjects = new FirstObjects()

export class Attempts implements TransferOwner {
  readonly #run: AttemptsOwner
  /** Explain: stop before anything is sent to a backend. */
  readonly #dry: boolean
  #choice: ChoiceContext | null = null
  #transfer: Transfer | null = null
  #body: MessageBody | null = null
  #link: TargetLink | null = null
  /** The backend of the route, or what a plugin chose in its place. */
  #place: CallPlace | null = null
  /** Why there is no link. */
  #noTarget: ReasonCode = 'backend.no_target'
  #profile: TimeoutProfile | null = null
  #globalBy = Number.POSITIVE_INFINITY
  #globalFirst = false
  #wait: NodeJS.Timeout | null = null
  /** Attempts made so far. */
  made = 0
  /** Bytes of the request body sent. */
  sentBytes = 0
  /** Value of the tracking cookie to set, or empty. */
  trackingId = ''

  constructor(run: AttemptsOwner, dry: boolean) {
    this.#run = run
    this.#dry = dry
    firstObjects.note(this)
  }

  /** Chooses a target and makes the request for it. */
  next(): void {
    const run = this.#run
    const { parts } = run.compiled
    const { request } = run.exchange
    const place = this.#placeOf()
    const profile = place.backend!.timeoutsFor(request.target)
    if (this.made++ === 0 && profile.global > 0) this.#globalBy = performance.now() + profile.global
    run.flow?.begin('choose-backend', { attempt: this.made })
    this.#choice ??= new RequestChoice(request, run.exchange.attributes, () => this.#tracking())
    const choice = place.chooser!.choose(this.#choice, this.made, profile)
    if (typeof choice === 'string' && !answersItself(parts.chain)) {
      run.refuse(refuse(choice))
      return
    }
    const link = typeof choice === 'string' ? null : place.links[choice.index]!
    this.#noTarget = typeof choice === 'string' ? choice : 'backend.no_target'
    run.exchange.target = link?.view ?? null
    run.flow?.note('target', link === null ? null : link.target.key)
    this.#link = link
    this.#profile = profile
    try {
      this.#prepare(link)
    } catch (error) {
      if (error instanceof UnsafePath) run.refuse(refuse('request.bad_path', { detail: error.message }))
      else run.broken(error)
      return
    }
    run.transformRequest()
  }

  #placeOf(): CallPlace {
    const { exchange, compiled } = this.#run
    this.#place = (exchange.destination as (HeldDestination & CallPlace) | null) ?? compiled.parts
    return this.#place
  }

  /** The request as it goes to the backend, before plugins change it. */
  #prepare(link: TargetLink | null): void {
    const { exchange, server, compiled, context } = this.#run
    const { request } = exchange
    const headers = request.headers.clone()
    headers.deleteAll(context.removedIn)
    // Frames are read here: what a client and a backend agreed on about their content could not be.
    if (request.upgrade !== null && compiled.parts.chain.message.length > 0)
      headers.delete('sec-websocket-extensions')
    if (link !== null && !headers.has('host')) headers.append('Host', link.target.authority)
    this.#body ??= new MessageBody(server.bodyLength, reader => {
      server.readBody(reader)
      return () => server.resumeBody()
    })
    this.#body.rewind()
    const path = this.#place!.pathFor(exchange)
    exchange.upstreamRequest = new UpstreamRequest(request.method, path, headers, this.#body)
  }

  /** Sends the request as plugins left it. */
  dispatch(): void {
    const run = this.#run
    const link = this.#link
    if (this.#dry) {
      this.#describe(link)
      return
    }
    const fault = link === null ? this.#noTarget : link.fault
    if (fault !== null) run.refuse(refuse(fault))
    else this.#send(link!)
  }

  #send(link: TargetLink): void {
    const run = this.#run
    const { exchange, flow } = run
    const { parts } = run.compiled
    const { upstream } = exchange
    const profile = this.#profile!
    const body = this.#body!
    const length = body.length
    if (length !== 0 && body.opened && body.content === null) {
      run.refuse(refuse('backend.call_timeout_consumed'))
      return
    }
    let dispatcher: NonNullable<TargetLink['lease']>['dispatcher']
    try {
      // A plugin may have removed it, but no request goes without (RFC 9112, 3.2).
      if (!upstream.headers.has('host')) upstream.headers.append('Host', link.target.authority)
      if (parts.privateRoute !== null) this.#prove(parts.privateRoute)
      const lease = exchange.request.upgrade === null ? link.lease : (link.upgrades ?? link.lease)
      dispatcher = lease?.dispatcher ?? link.dynamic!.dispatcherFor(exchange)
    } catch (error) {
      if (error instanceof BadComputedHost) run.refuse(refuse('backend.dns', { detail: error.message }))
      else if (error instanceof MissingCertificate)
        run.refuse(refuse('backend.tls', { detail: error.message }))
      else run.broken(error)
      return
    }
    if (flow !== null) {
      const { method, path } = upstream
      flow.begin('call-backend', { attempt: this.made, target: link.target.key, method, path })
      if (flow.calledAt < 0) flow.calledAt = flow.now
    }
    const transfer = new Transfer(this, link.target, profile, this.#choice!.probe, length === 0 ? null : body)
    this.#transfer = transfer
    exchange.calledAt = performance.now()
    this.#place!.chooser!.started(link.target)
    transfer.start(
      dispatcher,
      {
        method: upstream.method,
        path: upstream.path,
        headers: upstream.headers,
        bodyLength: length,
        upgrade: exchange.request.upgrade,
      },
      this.#timeouts(profile),
    )
  }

  /** The private listener learns that the route was passed, with which key and from where. */
  #prove({ header, token, callerHeader, clientHeader, facts }: PrivateRoute): void {
    const { exchange } = this.#run
    const { upstream, attributes, request } = exchange
    upstream.headers.set(header, token)
    upstream.headers.set(clientHeader, request.ip)
    const apikey = attributes.get(apikeyAttribute)
    if (apikey !== undefined && callerHeader !== null) upstream.headers.set(callerHeader, apikey.clientId)
    for (const [name, value] of facts?.(exchange) ?? []) upstream.headers.set(name, value)
  }

  /** The global time-out goes on over all attempts: the last ones get what is left. */
  #timeouts(profile: TimeoutProfile): CallTimeouts {
    const timeouts = this.#run.compiled.timeouts(profile)
    const left = this.#globalBy - this.#run.exchange.calledAt
    this.#globalFirst = timeouts.head === 0 ? Number.isFinite(left) : left < timeouts.head
    return this.#globalFirst ? { ...timeouts, head: Math.max(1, left) } : timeouts
  }

  /** What would be sent, or which plugin would be asked to answer instead. */
  #describe(link: TargetLink | null): void {
    const run = this.#run
    const { upstream, request } = run.exchange
    const replacing = run.compiled.parts.chain.backend.find(({ only }) => only === null || only(request))
    const fault = link === null ? 'backend.no_target' : link.fault
    if (fault !== null && replacing === undefined) {
      run.refuse(refuse(fault))
      return
    }
    run.flow?.begin('call-backend', {
      target: link === null ? null : link.target.key,
      ...(replacing !== undefined && { answered_by: replacing.plugin }),
      request: { method: upstream.method, path: upstream.path, headers: upstream.headers.endToEnd() },
      skipped: 'nothing is sent for a hypothetical request',
    })
    run.ended()
  }

  /** The request is over, for whatever reason: nothing more is tried. */
  close(endedAt: number): void {
    if (this.#wait !== null) clearTimeout(this.#wait)
    this.#body?.abandon()
    const transfer = this.#transfer
    if (transfer === null) return
    this.#transfer = null
    transfer.abandon()
    const { chooser } = this.#place!
    if (!transfer.headSeen) chooser!.abandoned(transfer.target, transfer.profile, transfer.probe, Date.now())
    chooser!.finished(transfer.target)
    chooser!.measured(transfer.target, endedAt - this.#run.exchange.arrival)
  }

  /** The answer of the backend is not wanted. One without a body ends by itself: its connection is worth keeping. */
  releaseBodyless(): void {
    const { upstreamResponse: answer, upstreamRequest } = this.#run.exchange
    if (answer === null) return
    if (answer.body.length === 0 || bodyless(answer.status) || upstreamRequest?.method === 'HEAD')
      this.#transfer?.release()
  }

  /** What the backend still sends is not wanted. */
  abandon(): void {
    this.#transfer?.abandon()
  }

  // What the transfer tells.

  answered(transfer: Transfer, status: number, reason: string, headers: HeaderBlock, length: number): void {
    const run = this.#run
    run.exchange.answeredAt = performance.now()
    // The answer to the challenge is taken out for clients, and read by who asked.
    const { response, answerFields } = run.compiled.parts.chain
    const judged = response.length > 0 && (headers.has(run.context.stateAnswer) || answerFields.length > 0)
    run.exchange.backendHeaders = judged ? headers.clone() : headers
    for (const { name, only } of answerFields)
      if (only === null || only(run.exchange.request)) headers.delete(name)
    if (run.flow !== null) {
      run.flow.answeredAt = run.flow.now
      run.flow.note('status', status)
    }
    this.#place!.chooser!.succeeded(transfer.target, transfer.profile, transfer.probe)
    headers.deleteAll(run.context.removedOut)
    run.answered(transfer, status, reason, headers, length)
  }

  upgraded(transfer: Transfer, status: number, headers: HeaderBlock, stream: Duplex): void {
    const run = this.#run
    run.exchange.answeredAt = performance.now()
    this.#place!.chooser!.succeeded(transfer.target, transfer.profile, transfer.probe)
    headers.deleteAll(run.context.removedOut)
    run.upgraded(status, headers, stream)
  }

  failed(transfer: Transfer, error: TransportError, clientFault: Error | null): void {
    const run = this.#run
    const { chooser, backend } = this.#place!
    const { target, profile, probe } = transfer
    this.#transfer = null
    run.flow?.note('failure', { fault: error.fault, message: error.message })
    chooser!.finished(target)
    if (clientFault === null && blamesTarget(error.fault)) chooser!.failed(target, profile, probe, Date.now())
    else chooser!.abandoned(target, profile, probe, Date.now())
    if (clientFault !== null) {
      if (clientFault instanceof ClientGone) run.clientLeft()
      else run.refuse(bodyRefusal(clientFault))
      return
    }
    const body = this.#body!
    const consumed = !body.repeatable
    const { retry } = backend!.client
    if (this.made < retry.attempts && !consumed && mayRepeat(run.exchange.upstream.method, error)) {
      const delay = retry.delayBefore(this.made + 1)
      if (performance.now() + delay < this.#globalBy) {
        this.#wait = setTimeout(() => this.next(), delay)
        return
      }
    }
    run.refuse(refusalOf(error, consumed, this.#globalFirst))
  }

  informed(status: number, headers: HeaderBlock): void {
    this.#run.informed(status, headers)
  }

  sent(bytes: number): void {
    this.sentBytes += bytes
  }

  flush(): void {
    this.#run.flush()
  }

  resumeBody(): void {
    this.#body?.resume()
  }

  #tracking(): string {
    if (this.trackingId === '')
      this.trackingId = this.#run.exchange.request.cookies.get(TRACKING_COOKIE) ?? newTrackingId()
    return this.trackingId
  }
}
