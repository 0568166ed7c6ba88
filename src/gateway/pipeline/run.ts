/**
 * Drives one request through its route: phases, choice of a target, the call with its retries, the answer.
 *
 * Guarantees: exactly one answer, or none when the client is gone; `finished` once; a phase that throws or rejects never
 * lets the request pass (law 1); nothing is awaited unless a plugin returned a promise.
 */
import type { Duplex } from 'node:stream'
import {
  type BodyReader,
  type CallTimeouts,
  HeaderBlock,
  reasonPhrase,
  type ServerExchange,
  type TransportError,
} from '../../http/index.ts'
import { type Answer, type FullAnswer, type Refusal, refuse } from '../../plugin/answer.ts'
import type { Phase, Verdict } from '../../plugin/contract.ts'
import type { ChoiceContext, TimeoutProfile } from '../balancing/index.ts'
import type { CompiledRoute, TargetLink } from '../compile/compiled-route.ts'
import { renderRefusal } from '../errors/render.ts'
import type { Flow } from '../flow/flow.ts'
import { answerBody } from './answer-body.ts'
import type { ChainStep } from './chain.ts'
import { type GatewayExchange, UpstreamRequest, UpstreamResponse } from './exchange.ts'
import { BodyTooLarge, MessageBody } from './message-body.ts'
import { blamesTarget, bodyRefusal, mayRepeat, refusalOf } from './outcome.ts'
import type { RunContext } from './run-context.ts'
import { RequestChoice } from './request-choice.ts'
import { Transfer, type TransferOwner } from './transfer.ts'
import { openTunnel } from './tunnel.ts'

type Stage = 'before' | 'preRoute' | 'access' | 'request' | 'backend' | 'response'

const taskOf: Readonly<Record<Stage, string>> = {
  before: 'call-before-request-callbacks',
  preRoute: 'call-pre-route-plugins',
  access: 'call-access-validator-plugins',
  request: 'transform-request',
  backend: 'call-backend',
  response: 'transform-response',
}

export class Run implements TransferOwner, BodyReader {
  readonly server: ServerExchange
  readonly exchange: GatewayExchange
  readonly compiled: CompiledRoute
  readonly flow: Flow | null
  readonly #context: RunContext
  /** Explain: stop before anything is sent to a backend. */
  readonly #dry: boolean
  #choice: ChoiceContext | null = null
  #transfer: Transfer | null = null
  #requestBody: MessageBody | null = null
  #attempt = 0
  #globalBy = Number.POSITIVE_INFINITY
  #globalFirst = false
  #trackingId = ''
  /** The answer has begun. */
  #answering = false
  #finished = false
  #wait: NodeJS.Timeout | null = null
  #resumeSource: (() => void) | null = null

  /** Status sent, 0 before. */
  status = 0
  bytesIn = 0
  bytesOut = 0
  refusal: Refusal | null = null
  clientGone = false
  /** The last byte was not reached: the answer was cut. */
  cut = false
  endedAt = -1

  constructor(
    server: ServerExchange,
    exchange: GatewayExchange,
    compiled: CompiledRoute,
    context: RunContext,
    flow: Flow | null,
    dry = false,
  ) {
    this.server = server
    this.exchange = exchange
    this.compiled = compiled
    this.flow = flow
    this.#context = context
    this.#dry = dry
  }

  get attempts(): number {
    return this.#attempt
  }

  start(): void {
    const { parts } = this.compiled
    this.compiled.enter()
    this.server.onClose = () => this.#clientLeft()
    if (parts.closed !== null) this.refuse(parts.closed)
    else this.#phase('before', parts.chain.beforeRequest, 0)
  }

  // Phases.

  #phase(stage: Stage, steps: readonly ChainStep<Phase>[], from: number): void {
    if (this.flow !== null && from === 0 && steps.length > 0) this.flow.begin(taskOf[stage])
    for (let i = from; i < steps.length; i++) {
      const step = steps[i]!
      if (step.only !== null && !step.only(this.exchange.request)) continue
      const start = this.flow?.now ?? 0
      let verdict: Verdict | Promise<Verdict>
      try {
        verdict = step.run(this.exchange)
      } catch (error) {
        this.#pluginFailed(stage, step.plugin, error)
        return
      }
      if (verdict === undefined) {
        this.flow?.plugin(step.plugin, start, { result: { kind: 'successful' } })
        continue
      }
      if (!('kind' in verdict)) {
        this.#awaitVerdict(stage, steps, i, verdict, start)
        return
      }
      this.flow?.plugin(step.plugin, start, verdictNote(verdict))
      this.#stopped(stage, step.plugin, verdict)
      return
    }
    this.#next(stage)
  }

  #awaitVerdict(
    stage: Stage,
    steps: readonly ChainStep<Phase>[],
    at: number,
    promise: Promise<Verdict>,
    start: number,
  ): void {
    const { plugin } = steps[at]!
    promise
      .then(
        verdict => {
          if (this.#finished) return
          this.flow?.plugin(plugin, start, verdictNote(verdict))
          if (verdict === undefined) this.#phase(stage, steps, at + 1)
          else this.#stopped(stage, plugin, verdict as Answer)
        },
        error => {
          if (!this.#finished) this.#pluginFailed(stage, plugin, error)
        },
      )
      .catch(error => this.#broken(error))
  }

  #next(stage: Stage): void {
    const { chain } = this.compiled.parts
    if (stage === 'before') this.#phase('preRoute', chain.preRoute, 0)
    else if (stage === 'preRoute') this.#phase('access', chain.access, 0)
    else if (stage === 'access') this.#tryCall()
    else if (stage === 'request') this.#phase('backend', this.#dry ? [] : chain.backend, 0)
    else if (stage === 'backend') this.#dispatch()
    else this.#deliver()
  }

  #stopped(stage: Stage, plugin: string, verdict: Answer): void {
    if (verdict.kind === 'refusal') {
      this.refuse(verdict.subject === null ? verdict : verdict)
      return
    }
    try {
      this.#takeAnswer(verdict)
    } catch (error) {
      this.#pluginFailed(stage, plugin, error)
      return
    }
    // What stands in for the backend is transformed like an answer of it; any other answer goes out as it is.
    if (stage === 'backend') this.#phase('response', this.compiled.parts.chain.response, 0)
    else this.#deliver()
  }

  #takeAnswer(full: FullAnswer): void {
    this.#transfer?.abandon()
    const body = answerBody(full.body, resume => (this.#resumeSource = resume))
    this.exchange.upstreamResponse = new UpstreamResponse(
      full.status,
      reasonPhrase(full.status),
      HeaderBlock.from(full.headers),
      body,
    )
  }

  #pluginFailed(stage: Stage, plugin: string, error: unknown): void {
    if (error instanceof BodyTooLarge) {
      this.refuse(refuse('body_too_large', { subject: plugin, detail: error.message }))
      return
    }
    const detail = error instanceof Error ? error.message : String(error)
    this.#context.log(
      'error',
      `plugin ${plugin} failed in ${stage} of route ${this.exchange.route.id}: ${detail}`,
    )
    this.refuse(refuse('plugin.failed', { subject: plugin, detail }))
  }

  // The call.

  #tryCall(): void {
    const { parts } = this.compiled
    const { request } = this.exchange
    const profile = parts.backend!.timeoutsFor(request.target)
    if (this.#attempt++ === 0 && profile.global > 0) this.#globalBy = performance.now() + profile.global
    this.flow?.begin('choose-backend', { attempt: this.#attempt })
    this.#choice ??= new RequestChoice(request, () => this.#tracking())
    const choice = parts.chooser!.choose(this.#choice, this.#attempt, profile)
    const mocked = parts.chain.backend.length > 0
    if (typeof choice === 'string' && !mocked) {
      this.refuse(refuse(choice))
      return
    }
    const link = typeof choice === 'string' ? null : parts.links[choice.index]!
    this.exchange.target = link?.view ?? null
    this.flow?.note('target', link === null ? null : link.target.key)
    try {
      this.#prepare(link)
    } catch (error) {
      this.#broken(error)
      return
    }
    this.#link = link
    this.#profile = profile
    this.#phase('request', parts.chain.request, 0)
  }

  #link: TargetLink | null = null
  #profile: TimeoutProfile | null = null

  /** The request as it goes to the backend, before plugins change it. */
  #prepare(link: TargetLink | null): void {
    const { exchange, server } = this
    const { request } = exchange
    const headers = request.headers.clone()
    for (const name of this.#context.removedIn) headers.delete(name)
    if (link !== null && !headers.has('host')) headers.append('Host', link.target.authority)
    this.#requestBody ??= new MessageBody(server.bodyLength, reader => server.readBody(reader))
    exchange.upstreamRequest = new UpstreamRequest(
      request.method,
      this.compiled.parts.pathFor(exchange),
      headers,
      this.#requestBody,
    )
  }

  #dispatch(): void {
    const { exchange } = this
    const { parts } = this.compiled
    const link = this.#link
    const profile = this.#profile!
    const upstream = exchange.upstream
    if (link === null) {
      this.refuse(refuse('backend.no_target'))
      return
    }
    if (link.fault !== null) {
      this.refuse(refuse(link.fault))
      return
    }
    if (this.#dry) {
      this.#describeCall(link)
      return
    }
    const body = this.#requestBody!
    const length = body.length
    if (length !== 0 && body.opened && body.content === null) {
      this.refuse(refuse('backend.call_timeout_consumed'))
      return
    }
    let dispatcher: NonNullable<TargetLink['lease']>['dispatcher']
    try {
      for (const [name, value] of parts.privateHeaders) upstream.headers.set(name, value)
      dispatcher = link.lease?.dispatcher ?? link.dynamic!.dispatcherFor(exchange)
    } catch (error) {
      this.#broken(error)
      return
    }
    this.flow?.begin('call-backend', {
      attempt: this.#attempt,
      target: link.target.key,
      method: upstream.method,
      path: upstream.path,
    })
    const transfer = new Transfer(this, link.target, profile, this.#choice!.probe, length === 0 ? null : body)
    this.#transfer = transfer
    exchange.calledAt = performance.now()
    if (this.flow !== null && this.flow.calledAt < 0) this.flow.calledAt = this.flow.now
    parts.chooser!.started(link.target)
    if (length !== 0) this.server.onDrain = null
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

  /** The global time-out goes on over all attempts: the last ones get what is left. */
  #timeouts(profile: TimeoutProfile): CallTimeouts {
    const timeouts = this.compiled.timeouts(profile)
    const left = this.#globalBy - this.exchange.calledAt
    this.#globalFirst = timeouts.head === 0 ? Number.isFinite(left) : left < timeouts.head
    return this.#globalFirst ? { ...timeouts, head: Math.max(1, left) } : timeouts
  }

  #describeCall(link: TargetLink): void {
    const { upstream } = this.exchange
    const replaced = this.compiled.parts.chain.backend.map(step => step.plugin)
    this.flow?.begin('call-backend', {
      target: link.target.key,
      ...(replaced.length > 0 && { answered_by: replaced[0] }),
      request: { method: upstream.method, path: upstream.path, headers: [...upstream.headers.endToEnd()] },
      skipped: 'nothing is sent for a hypothetical request',
    })
    this.#finish()
  }

  // What the transfer tells.

  answered(transfer: Transfer, status: number, reason: string, headers: HeaderBlock, length: number): void {
    const { exchange } = this
    const { chain, chooser } = this.compiled.parts
    exchange.answeredAt = performance.now()
    if (this.flow !== null) {
      this.flow.answeredAt = this.flow.now
      this.flow.note('status', status)
    }
    chooser!.succeeded(transfer.target, transfer.profile, transfer.probe)
    for (const name of this.#context.removedOut) headers.delete(name)
    if (chain.response.length === 0 && exchange.answerHeaders === null && this.#trackingId === '') {
      this.#begin(status, reason, headers, length, () => transfer.resume())
      transfer.attach(this)
      return
    }
    const body = new MessageBody(length, reader => transfer.attach(reader))
    this.#resumeSource = () => transfer.resume()
    exchange.upstreamResponse = new UpstreamResponse(status, reason, headers, body)
    this.#phase('response', chain.response, 0)
  }

  informed(status: number, headers: HeaderBlock): void {
    if (!this.#answering) this.server.inform(status, headers)
  }

  failed(transfer: Transfer, error: TransportError, clientFault: Error | null): void {
    const { chooser, backend } = this.compiled.parts
    chooser!.finished(transfer.target)
    this.flow?.note('failure', { fault: error.fault, message: error.message })
    if (clientFault !== null) {
      chooser!.abandoned(transfer.target, transfer.profile, transfer.probe, Date.now())
      this.#transfer = null
      this.refuse(bodyRefusal(clientFault))
      return
    }
    if (blamesTarget(error.fault))
      chooser!.failed(transfer.target, transfer.profile, transfer.probe, Date.now())
    else chooser!.abandoned(transfer.target, transfer.profile, transfer.probe, Date.now())
    this.#transfer = null
    const body = this.#requestBody!
    const consumed = body.opened && body.content === null
    const retry = backend!.client.retry
    if (this.#attempt < retry.attempts && !consumed && mayRepeat(this.exchange.upstream.method, error)) {
      const delay = retry.delayBefore(this.#attempt + 1)
      if (performance.now() + delay < this.#globalBy) {
        this.#wait = setTimeout(() => this.#tryCall(), delay)
        return
      }
    }
    this.refuse(refusalOf(error, consumed, this.#globalFirst))
  }

  upgraded(transfer: Transfer, status: number, headers: HeaderBlock, stream: Duplex): void {
    const { chain, chooser } = this.compiled.parts
    chooser!.succeeded(transfer.target, transfer.profile, transfer.probe)
    this.exchange.answeredAt = performance.now()
    this.#answering = true
    this.status = status
    for (const name of this.#context.removedOut) headers.delete(name)
    for (const [name, value] of this.exchange.answerHeaders ?? []) headers.append(name, value)
    const client = this.server.acceptUpgrade(headers, status)
    openTunnel(client, stream, this.exchange, chain.message, (bytesIn, bytesOut) => {
      this.bytesIn = bytesIn
      this.bytesOut = bytesOut
      this.#finish()
    })
  }

  sent(bytes: number): void {
    this.bytesIn += bytes
  }

  flush(): void {
    if (this.#answering) this.server.flush()
  }

  resumeBody(): void {
    this.server.resumeBody()
  }

  // The answer to the client.

  /** Answers an error of the gateway, unless an answer has begun: then the connection is cut. */
  refuse(refusal: Refusal): void {
    if (this.#finished) return
    this.refusal = refusal
    this.#transfer?.abandon()
    if (this.#answering) {
      this.cut = true
      this.server.abort()
      this.#finish()
      return
    }
    this.flow?.fail(refusal)
    this.#errorPhase(refusal, 0)
  }

  #errorPhase(refusal: Refusal, from: number): void {
    const steps = this.compiled.parts.chain.error
    for (let i = from; i < steps.length; i++) {
      const step = steps[i]!
      if (step.only !== null && !step.only(this.exchange.request)) continue
      try {
        const verdict = step.run(this.exchange, refusal)
        if (verdict === undefined) continue
        if ('kind' in verdict) {
          this.#answerError(refusal, verdict)
          return
        }
        verdict.then(
          late => (late === undefined ? this.#errorPhase(refusal, i + 1) : this.#answerError(refusal, late)),
          () => this.#errorPhase(refusal, i + 1),
        )
        return
      } catch (error) {
        this.#context.log('error', `plugin ${step.plugin} failed in the error phase: ${String(error)}`)
      }
    }
    this.#answerError(refusal, refusal)
  }

  #answerError(original: Refusal, verdict: Answer): void {
    if (this.#finished || this.#answering) return
    if (verdict.kind === 'full') {
      try {
        this.#takeAnswer(verdict)
        this.#deliver()
        return
      } catch {
        verdict = original
      }
    }
    const { exchange } = this
    const rendered = renderRefusal(verdict, {
      accept: exchange.request.headers.get('accept'),
      state: exchange.request.headers.get(this.#context.headerNames.state.toLowerCase()),
      errorId: exchange.id,
      template: this.#context.errorTemplate(exchange.route.id),
      headerNames: this.#context.headerNames,
    })
    const body = answerBody(rendered.body, () => {})
    exchange.upstreamResponse = new UpstreamResponse(
      rendered.status,
      reasonPhrase(rendered.status),
      rendered.headers,
      body,
    )
    this.#deliver()
  }

  /** Sends the answer as the plugins left it. */
  #deliver(): void {
    const { response, answerHeaders } = this.exchange
    const { headers } = response
    try {
      for (const [name, value] of answerHeaders ?? []) headers.append(name, value)
      if (this.#trackingId !== '') headers.append('Set-Cookie', this.#trackingCookie())
    } catch (error) {
      this.#broken(error)
      return
    }
    const body = response.body as MessageBody
    this.#begin(response.status, response.reason, headers, body.length, () => this.#resumeSource?.())
    body.flow(this)
    // Replaced: what the backend still sends is not wanted.
    if (body.content !== null) this.#transfer?.abandon()
  }

  #begin(status: number, reason: string, headers: HeaderBlock, length: number, resume: () => void): void {
    this.#answering = true
    this.status = status
    this.flow?.begin('stream-response', { status })
    this.server.onDrain = resume
    this.server.writeHead(status, reason, headers, length)
  }

  data(chunk: Buffer): boolean {
    this.bytesOut += chunk.length
    return this.server.writeBody(chunk)
  }

  end(trailers: HeaderBlock | null): void {
    this.server.end(trailers)
    this.#finish()
  }

  error(error: Error): void {
    this.cut = true
    this.flow?.note('cut', error.message)
    this.server.abort()
    this.#finish()
  }

  #clientLeft(): void {
    if (this.#finished) return
    this.clientGone = true
    if (this.#wait !== null) clearTimeout(this.#wait)
    const transfer = this.#transfer
    if (transfer !== null) {
      transfer.abandon()
      if (!transfer.headSeen)
        this.compiled.parts.chooser!.abandoned(transfer.target, transfer.profile, transfer.probe, Date.now())
    }
    this.#finish()
  }

  /** The gateway itself failed; the client gets 500, never a pass. */
  #broken(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error)
    this.#context.log('error', `request on route ${this.exchange.route.id} failed: ${detail}`)
    this.refuse(refuse('internal', { detail }))
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.server.onClose = null
    this.server.onDrain = null
    const { parts } = this.compiled
    this.endedAt = performance.now()
    if (this.#transfer !== null) {
      parts.chooser!.finished(this.#transfer.target)
      parts.chooser!.measured(this.#transfer.target, this.endedAt - this.exchange.arrival)
    }
    for (const step of parts.chain.afterRequest) {
      try {
        const done = step.run(this.exchange)
        if (done instanceof Promise) done.catch(error => this.#afterFailed(step.plugin, error))
      } catch (error) {
        this.#afterFailed(step.plugin, error)
      }
    }
    this.#context.finished(this)
    this.compiled.leave()
  }

  #afterFailed(plugin: string, error: unknown): void {
    this.#context.log('error', `plugin ${plugin} failed after the request: ${String(error)}`)
  }

  #tracking(): string {
    if (this.#trackingId === '')
      this.#trackingId = this.exchange.request.cookies.get(TRACKING) ?? newTrackingId()
    return this.#trackingId
  }

  #trackingCookie(): string {
    return `${TRACKING}=${encodeURIComponent(this.#trackingId)}; Max-Age=2592000; Path=/; Domain=${this.exchange.request.domain}`
  }
}

const TRACKING = 'otoroshi-tracking'

function newTrackingId(): string {
  return crypto.randomUUID()
}

function verdictNote(verdict: Verdict): Record<string, unknown> {
  if (verdict === undefined) return { result: { kind: 'successful' } }
  const kind = (verdict as Answer).kind === 'refusal' ? 'denied' : 'short-circuit'
  const answer = verdict as Answer
  return {
    result: {
      kind,
      status: answer.status,
      ...(answer.kind === 'refusal' && { error: answer.message, reason: answer.reason }),
    },
  }
}
