/**
 * Drives one request through its route: phases, choice of a target, the call with its retries, the answer.
 *
 * Guarantees: exactly one answer, or none when the client is gone; `finished` once; a phase that throws or rejects never
 * lets the request pass (law 1); nothing is awaited unless a plugin returned a promise.
 */
import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { FirstObjects } from '../../http/first-objects.ts'
import { type BodyReader, ClientGone, type HeaderBlock, type ServerExchange } from '../../http/index.ts'
import { type Answer, type FullAnswer, type Refusal, refuse } from '../../plugin/answer.ts'
import type { Exchange, Phase, Verdict } from '../../plugin/contract.ts'
import type { CompiledRoute } from '../compile/compiled-route.ts'
import { debugHeaders } from '../flow/debug-headers.ts'
import type { Flow } from '../flow/flow.ts'
import { failureNote, type VerdictNote, verdictNote } from '../flow/verdict-note.ts'
import { watchStep } from '../flow/watch.ts'
import { runAfterRequest } from './after-request.ts'
import type { AnswerSource } from './answer-body.ts'
import { errorAnswer, pluginAnswer } from './answers.ts'
import { Attempts, type AttemptsOwner } from './attempts.ts'
import type { Chain, ChainStep } from './chain.ts'
import { runErrorPhase } from './error-phase.ts'
import { type ExchangeOwner, type GatewayExchange, UpstreamResponse } from './exchange.ts'
import { MessageBody } from './message-body.ts'
import { Nobody } from './nobody.ts'
import { answerCut, bodyRefusal, isBodyFault } from './outcome.ts'
import type { InsteadOfBackend, RunContext } from './run-context.ts'
import { type Stage, taskOf } from './stage.ts'
import { trackingCookie } from './tracking.ts'
import type { Transfer } from './transfer.ts'
import { openTunnel, type TunnelOptions } from './tunnel.ts'
import { checkAnswer, checkVerdict } from './verdict.ts'

const firstObjects = new FirstObjects()

export class Run implements AttemptsOwner, BodyReader, ExchangeOwner {
  readonly server: ServerExchange
  readonly exchange: GatewayExchange
  readonly compiled: CompiledRoute
  readonly flow: Flow | null
  readonly context: RunContext
  readonly attempts: Attempts
  readonly #dry: boolean
  /** What is answered once the caller is let in, in place of what the backend would. */
  instead: InsteadOfBackend | null = null
  /** Of a run for nobody: told of its end. */
  #over: (() => void) | null = null
  /** The answer has begun. */
  #answering = false
  #failedAsked = false
  #finished = false
  #broken = false
  /** Set while an answer of a plugin comes in pieces. */
  #source: AnswerSource | null = null

  /** The length of the answer was not known when it began. */
  chunked = false
  /** Status sent, 0 before. */
  status = 0
  bytesOut = 0
  #tunnelledIn = 0
  /** Why the gateway answered itself, or why the answer was not completed. */
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
    this.context = context
    this.attempts = new Attempts(this, dry)
    this.#dry = dry
    exchange.owner = this
    firstObjects.note(this)
  }

  /** Bytes of the request body that went to the backend. */
  get bytesIn(): number {
    return this.#tunnelledIn + this.attempts.sentBytes
  }

  start(): void {
    const { parts } = this.compiled
    this.compiled.enter()
    this.server.onClose = () => this.clientLeft()
    if (parts.closed !== null) this.refuse(parts.closed)
    else this.#phase('before', parts.chain.beforeRequest, 0)
  }

  // Phases.

  #phase(stage: Stage, steps: readonly ChainStep<Phase>[], from: number): void {
    if (this.flow !== null && from === 0 && steps.length > 0) this.flow.begin(taskOf[stage])
    for (let i = from; i < steps.length; i++) {
      const step = steps[i]!
      if (step.only !== null && !step.only(this.exchange.request)) continue
      const note = this.flow === null ? null : this.#watch(step)
      let verdict: Verdict | Promise<Verdict>
      try {
        verdict = checkVerdict(step.run(this.exchange))
      } catch (error) {
        note?.(failureNote(error))
        this.#pluginFailed(stage, step.plugin, error)
        return
      }
      if (verdict === undefined) {
        note?.(verdictNote(undefined))
        continue
      }
      if (verdict instanceof Promise) {
        this.#awaitVerdict(stage, steps, i, verdict, note)
        return
      }
      note?.(verdictNote(verdict))
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
    note: VerdictNote | null,
  ): void {
    const { plugin } = steps[at]!
    promise
      .then(checkAnswer)
      .then(
        verdict => {
          if (this.#finished) return
          note?.(verdictNote(verdict))
          if (verdict === undefined) this.#phase(stage, steps, at + 1)
          else this.#stopped(stage, plugin, verdict as Answer)
        },
        error => {
          if (this.#finished) return
          note?.(failureNote(error))
          this.#pluginFailed(stage, plugin, error)
        },
      )
      .catch(error => this.broken(error))
  }

  #watch(step: ChainStep<unknown>): VerdictNote | null {
    const { flow } = this
    return flow === null ? null : watchStep(step, flow, this.exchange, this.compiled.parts.debugFlow)
  }

  #next(stage: Stage): void {
    const { chain } = this.compiled.parts
    if (stage === 'before') this.#phase('preRoute', chain.preRoute, 0)
    else if (stage === 'preRoute') this.#phase('access', chain.access, 0)
    else if (stage === 'access' && this.instead === null) this.attempts.next()
    else if (stage === 'access') this.#stopped(stage, '', this.instead!.answer(this.exchange))
    else if (stage === 'request') this.#phase('lookup', this.#dry ? [] : chain.lookup, 0)
    else if (stage === 'lookup') this.#toBackend()
    else if (stage === 'backend') this.attempts.dispatch()
    else if (stage === 'answered') this.#phase('response', chain.response, 0)
    else this.#deliver()
  }

  #toBackend(): void {
    const { chain } = this.compiled.parts
    const upgrade = this.#dry ? null : this.exchange.request.upgrade
    if (upgrade !== null && (chain.socket.length > 0 || chain.tunnel.length > 0) && upgrade === 'websocket')
      this.#askSockets(chain)
    else this.#phase('backend', this.#dry ? [] : chain.backend, 0)
  }

  /** Loaded on first use: few routes have plugins that answer WebSockets. */
  #askSockets(chain: Chain): void {
    this.flow?.begin(taskOf.backend)
    import('./socket-answer.ts')
      .then(({ askSockets }) => askSockets(this.exchange, chain, step => this.#watch(step)))
      .then(
        outcome => {
          if (this.#finished) return
          if (outcome === null) this.#phase('backend', chain.backend, 0)
          else if (outcome.verdict.kind === 'taken') {
            const { headers, start } = outcome.verdict
            this.attempts.abandon()
            start(this.#switch(101, headers), this.#tunnelOptions())
          } else this.#stopped('backend', outcome.plugin, outcome.verdict)
        },
        error => this.#pluginFailed('backend', (error as { plugin?: string }).plugin ?? 'socket', error),
      )
      .catch(error => this.broken(error))
  }

  #stopped(stage: Stage, plugin: string, stopped: Answer): void {
    const verdict = this.instead === null ? stopped : this.instead.stopped(stopped)
    if (verdict.kind === 'refusal') {
      this.refuse(verdict)
      return
    }
    const { chain } = this.compiled.parts
    try {
      if (stage === 'answered') this.attempts.releaseBodyless()
      this.#takeAnswer(verdict)
    } catch (error) {
      this.#pluginFailed(stage, plugin, error)
      return
    }
    // What stands in for the backend is transformed like an answer of it; any other answer goes out as it is.
    if (stage === 'backend') this.#phase('answered', chain.answered, 0)
    else if (stage === 'lookup' || stage === 'answered') this.#phase('response', chain.response, 0)
    else this.#deliver()
  }

  #takeAnswer(full: FullAnswer): void {
    this.attempts.abandon()
    this.exchange.upstreamResponse = pluginAnswer(full, this.exchange.request.method, source => {
      this.#source = source
      if (this.#finished) source.cancel()
    })
  }

  #pluginFailed(stage: Stage, plugin: string, error: unknown): void {
    if (error instanceof ClientGone) {
      this.clientLeft()
      return
    }
    if (isBodyFault(error)) {
      const refusal = bodyRefusal(error)
      this.refuse(refusal.reason === 'body_too_large' ? { ...refusal, subject: plugin } : refusal)
      return
    }
    const detail = error instanceof Error ? error.message : String(error)
    this.context.log(
      'error',
      `plugin ${plugin} failed in ${stage} of route ${this.exchange.route.id}: ${detail}`,
    )
    this.refuse(refuse('plugin.failed', { subject: plugin, detail }))
  }

  // What the attempts tell.

  transformRequest(): void {
    this.#phase('request', this.compiled.parts.chain.request, 0)
  }

  answered(transfer: Transfer, status: number, reason: string, headers: HeaderBlock, length: number): void {
    const { exchange } = this
    const { chain } = this.compiled.parts
    const resume = (): void => transfer.resume()
    const untouched = chain.response.length === 0 && chain.answered.length === 0
    if (untouched && exchange.answerFields === null && this.attempts.trackingId === '') {
      this.#begin(status, reason, headers, length, resume)
      transfer.attach(this)
      return
    }
    const body = new MessageBody(length, reader => {
      transfer.attach(reader)
      return resume
    })
    exchange.upstreamResponse = new UpstreamResponse(status, reason, headers, body)
    this.#phase('answered', chain.answered, 0)
  }

  informed(status: number, headers: HeaderBlock): void {
    if (!this.#answering) this.server.inform(status, headers)
  }

  upgraded(status: number, headers: HeaderBlock, stream: Duplex): void {
    const client = this.#switch(status, headers)
    openTunnel(client, stream, this.exchange, this.compiled.parts.chain.message, this.#tunnelOptions())
  }

  /** The client speaks another protocol from here on. */
  #switch(status: number, headers: HeaderBlock): Duplex {
    this.#answering = true
    this.status = status
    this.exchange.answerFields?.applyTo(headers)
    return this.server.acceptUpgrade(headers, status)
  }

  #tunnelOptions(): TunnelOptions {
    const { idle } = this.compiled.parts.backend!.timeoutsFor(this.exchange.request.target)
    return {
      idle,
      onEnd: (bytesIn, bytesOut, silent) => {
        this.#tunnelledIn = bytesIn
        this.bytesOut = bytesOut
        if (silent) this.refusal = refuse('backend.idle_timeout')
        this.cut = silent
        this.#finish()
      },
    }
  }

  flush(): void {
    if (this.#answering) this.server.flush()
  }

  ended(): void {
    this.#finish()
  }

  // The answer to the client.

  /** Answers an error of the gateway, unless an answer has begun: then the connection is cut. */
  refuse(refusal: Refusal): void {
    if (this.#finished || this.#askFailed(refusal)) return
    this.refusal = refusal
    this.attempts.abandon()
    if (this.#answering) {
      this.cut = true
      this.server.abort()
      this.#finish()
      return
    }
    this.flow?.fail(refusal)
    this.exchange.upstreamResponse = errorAnswer(refusal, this.exchange, this.context)
    runErrorPhase({
      steps: this.compiled.parts.chain.error,
      exchange: this.exchange,
      refusal,
      watch: step => this.#watch(step),
      failed: this.#complaint('in the error phase'),
      done: verdict => this.#answerError(refusal, verdict),
    })
  }

  /** Asks who may have an answer in place of a failed call; once. */
  #askFailed(refusal: Refusal): boolean {
    const steps = this.compiled.parts.chain.failed
    if (steps.length === 0 || this.#failedAsked || this.#answering || !refusal.reason.startsWith('backend.'))
      return false
    this.#failedAsked = true
    runErrorPhase({
      steps,
      exchange: this.exchange,
      refusal,
      watch: step => this.#watch(step),
      failed: this.#complaint('after the backend did'),
      done: verdict => {
        if (this.#finished) return
        if (verdict?.kind === 'full') this.#stopped('answered', '', verdict)
        else this.refuse(verdict ?? refusal)
      },
    })
    return true
  }

  #answerError(original: Refusal, verdict: Verdict): void {
    if (this.#finished || this.#answering) return
    try {
      if (verdict?.kind === 'full') this.#takeAnswer(verdict)
      else if (verdict !== undefined)
        this.exchange.upstreamResponse = errorAnswer(verdict, this.exchange, this.context)
    } catch {
      this.exchange.upstreamResponse = errorAnswer(original, this.exchange, this.context)
    }
    this.#deliver()
  }

  /** Sends the answer as the plugins left it. */
  #deliver(): void {
    const { response, answerFields } = this.exchange
    const { headers } = response
    try {
      answerFields?.applyTo(headers)
      const { trackingId } = this.attempts
      if (trackingId !== '')
        headers.append('Set-Cookie', trackingCookie(trackingId, this.exchange.request.domain))
    } catch (error) {
      this.broken(error)
      return
    }
    const body = response.body as MessageBody
    try {
      this.#begin(response.status, response.reason, headers, body.length, () => body.resume())
    } catch (error) {
      // A plugin made a head of it that cannot be sent; nothing of it was.
      this.#answering = false
      this.broken(error)
      return
    }
    body.onPause = () => this.flush()
    body.flow(this)
    // Replaced: what the backend still sends is not wanted.
    if (body.content !== null) this.attempts.abandon()
  }

  #begin(status: number, reason: string, headers: HeaderBlock, length: number, resume: () => void): void {
    this.#answering = true
    this.status = status
    this.chunked = length < 0
    if (this.flow !== null) {
      this.flow.begin('stream-response', { status })
      if (this.context.debugHeaders())
        for (const [name, value] of debugHeaders(this.flow.report(''))) headers.append(name, value)
    }
    this.server.onDrain = resume
    this.server.writeHead(status, reason, headers, length)
  }

  data(chunk: Buffer): boolean {
    if (this.#finished) return false
    this.bytesOut += chunk.length
    return this.server.writeBody(chunk)
  }

  end(trailers: HeaderBlock | null): void {
    if (this.#finished) return
    this.server.end(trailers)
    this.#finish()
  }

  error(error: Error): void {
    if (this.#finished) return
    this.cut = true
    this.refusal ??= answerCut(error)
    this.flow?.note('cut', error.message)
    this.flow?.fail(this.refusal)
    this.server.abort()
    this.#finish()
  }

  /** Nobody waits for the answer any more. */
  clientLeft(): void {
    if (this.#finished) return
    this.clientGone = true
    this.refusal ??= refuse('request.client_gone')
    this.flow?.fail(this.refusal)
    this.#finish()
  }

  /** The gateway itself failed; the client gets 500, never a pass. */
  broken(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error)
    this.context.log('error', `request on route ${this.exchange.route.id} failed: ${detail}`)
    if (this.#broken) {
      // The answer that says so fails too: whatever breaks it would break the next.
      this.error(new Error(detail))
      return
    }
    this.#broken = true
    this.refuse(refuse('internal', { detail }))
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.server.onClose = null
    this.server.onDrain = null
    this.#source?.cancel()
    ;(this.exchange.upstreamResponse?.body as MessageBody | undefined)?.abandon()
    this.endedAt = performance.now()
    this.attempts.close(this.endedAt)
    this.exchange.leaveDestination()
    if (this.#over !== null) {
      this.#over()
      this.compiled.leave()
      return
    }
    if (this.compiled.parts.chain.afterRequest.length > 0)
      runAfterRequest(this.compiled, this.exchange, this.#complaint('after the request'))
    this.context.finished(this)
    this.compiled.leave()
  }

  #complaint(when: string): (plugin: string, error: unknown) => void {
    return (plugin, error) => this.context.log('error', `plugin ${plugin} failed ${when}: ${String(error)}`)
  }

  /** See `Exchange.repeat`. */
  repeat(prepare: (copy: Exchange) => void, over: (copy: Exchange) => void): void {
    const { server, exchange, compiled, context } = this
    const copy = exchange.copy()
    const run = new Run(new Nobody(server), copy, compiled, context, null)
    run.#over = () => over(copy)
    prepare(copy)
    compiled.enter()
    run.attempts.next()
  }
}
