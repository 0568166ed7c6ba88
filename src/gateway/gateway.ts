/**
 * The request path of one thread: from an exchange of the HTTP engine to a route and its run.
 *
 * Guarantees: every exchange is answered or cut; what no route wants is refused with a reason; nothing here waits unless
 * a route is called for the first time or a global plugin returned a promise.
 */
import { performance } from 'node:perf_hooks'
import { isIPv4 } from 'node:net'
import { bodyless, FieldNames, HeaderBlock, reasonPhrase, type ServerExchange } from '../http/index.ts'
import { type Answer, type FullAnswer, type Refusal, refuse } from '../plugin/answer.ts'
import type { ClientRequest, Verdict } from '../plugin/contract.ts'
import type { CompiledRoute, RouteParts } from './compile/compiled-route.ts'
import type { ThreadServices } from './compile/environment.ts'
import { renderRefusal } from './errors/render.ts'
import { describePlugins, describeTrace } from './flow/describe.ts'
import { Flow } from './flow/flow.ts'
import type { FlowSink } from './flow/flow-sink.ts'
import { type AnswerSource, answerBody } from './pipeline/answer-body.ts'
import { GatewayRequest } from './pipeline/client-request.ts'
import { GatewayExchange, type IdSource } from './pipeline/exchange.ts'
import { Run } from './pipeline/run.ts'
import type { RunContext } from './pipeline/run-context.ts'
import { checkAnswer, checkChoice, checkVerdict } from './pipeline/verdict.ts'
import type { SizeCheck } from './request-sizes.ts'
import { LiveRevision } from './revision/live-revision.ts'
import type { RouteEntry } from './revision/route-entry.ts'
import type { ListenerScope, MatchTrace, RouteMatch } from './router/index.ts'
import { Visit } from './visit.ts'

/** Answers paths that belong to the gateway itself (`/.well-known/otoroshi/…`, `/health` of an address); null: not one of them. */
export type OwnPaths = (request: ClientRequest) => FullAnswer | null

/** What the thread is told about requests. */
export interface RequestObserver {
  /** An exchange begins; pairs with `ended`. Answers how many are in flight over all threads. */
  began(): number
  /** A run is over. */
  finished(run: Run): void
  /** A request that reached no route was answered. */
  refused(request: ClientRequest, refusal: Refusal, arrival: number): void
  ended(): void
}

export interface GatewayOptions {
  readonly thread: ThreadServices
  readonly ids: IdSource
  readonly observer: RequestObserver
  readonly flows: FlowSink
  readonly ownPaths: OwnPaths
  readonly listeners: (id: string) => ListenerScope
  /** Setting `otoroshi.router.trailingSlashMeansExactSegments`. */
  readonly trailingSlashMeansExactSegments?: boolean
  /** Settings `otoroshi.requests`. */
  readonly tooBig?: SizeCheck | null
  /** Setting `otoroshi.maintenanceMode`. */
  readonly maintenance: boolean
  /** Route that stays reachable in maintenance: the admin API. */
  readonly adminRoute: string
}

/** Prefix of the gateway's own paths. */
const OWN = '/.well-known/otoroshi/'
/** Length of `/metrics/` and `/startup/`, which are answered where the host is an address. */
const LONGEST_PROBE = 9

/** Fields of upstream's protocol that clients may not send on; removed before plugins add their own. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-protocol']
const INTERNAL = [
  'otoroshi-try-it-request-id',
  'raw-request-uri',
  'remote-address',
  'timeout-access',
  'tls-session-info',
]

export class Gateway {
  readonly revision: LiveRevision
  readonly #options: GatewayOptions
  readonly #context: RunContext
  readonly #tooBig: SizeCheck | null

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#tooBig = options.tooBig ?? null
    const { thread, observer } = options
    this.revision = new LiveRevision(thread, options.trailingSlashMeansExactSegments ?? true)
    const names = thread.headerNames
    const own = (...keys: (keyof typeof names)[]): string[] => keys.map(key => names[key])
    const { privateRoute } = thread
    const privateNames =
      privateRoute === null ? [] : [privateRoute.header, privateRoute.callerHeader, privateRoute.clientHeader]
    this.#context = {
      headerNames: names,
      removedIn: new FieldNames([
        ...own('state', 'claim', 'requestId', 'clientId', 'clientSecret', 'authorization'),
        ...FORWARDED,
        ...INTERNAL,
        ...privateNames,
      ]),
      removedOut: new FieldNames([
        names.stateResponse,
        'raw-request-uri',
        'remote-address',
        'timeout-access',
        'tls-session-info',
      ]),
      errorTemplate: id => this.revision.errorTemplate(id),
      debugHeaders: () => this.revision.globals.debugHeaders,
      finished: run => {
        observer.finished(run)
        observer.ended()
        if (run.flow !== null)
          options.flows.report(run.flow.report(run.exchange.id), run.exchange.request, run.compiled)
      },
      log: thread.log,
    }
  }

  /** Takes an exchange of a server. */
  readonly handle = (server: ServerExchange): void => {
    const arrival = performance.now()
    const { globals } = this.revision
    const request = new GatewayRequest(server, globals.trustForwarded)
    const inFlight = this.#options.observer.began()
    const wanted = this.#options.flows.wants(request)
    const visit = new Visit(
      server,
      request,
      arrival,
      wanted ? new Flow(performance.timeOrigin + arrival, arrival) : null,
      false,
    )
    if (globals.limitConcurrent && inFlight > globals.maxConcurrent)
      this.#refuse(visit, refuse('too_many_requests'))
    else this.#admit(visit)
  }

  /** Answers an exchange that must not be looked at any further. */
  refuse(server: ServerExchange, refusal: Refusal): void {
    const request = new GatewayRequest(server, this.revision.globals.trustForwarded)
    this.#options.observer.began()
    this.#refuse(new Visit(server, request, performance.now(), null, false), refusal)
  }

  /** Decides about a hypothetical request; nothing is sent to a backend. Resolves when `server` was answered. */
  explain(server: ServerExchange, trace: MatchTrace, done: (report: unknown) => void): void {
    const arrival = performance.now()
    this.#options.observer.began()
    const request = new GatewayRequest(server, this.revision.globals.trustForwarded)
    const visit = new Visit(
      server,
      request,
      arrival,
      new Flow(performance.timeOrigin + arrival, arrival),
      true,
    )
    visit.trace = trace
    visit.onDone = done
    this.#admit(visit)
  }

  #admit(visit: Visit): void {
    const { request } = visit
    if (this.#tooBig !== null) {
      const refusal = this.#tooBig(request, visit.server.target)
      if (refusal !== null) {
        this.#refuse(visit, refusal)
        return
      }
    }
    if (request.path.startsWith(OWN) || isProbed(request)) {
      const own = this.#options.ownPaths(request)
      if (own !== null) {
        this.#answer(visit, own, null)
        return
      }
    }
    if (request.pathFault !== null) {
      this.#refuse(visit, refuse('request.bad_path', { detail: request.pathFault }))
      return
    }
    const { chain, globals } = this.revision
    if (globals.fault !== null)
      this.#refuse(visit, refuse('route.invalid', { subject: 'GlobalConfig', detail: globals.fault }))
    else if (chain.fault !== null) this.#refuse(visit, chain.fault)
    else if (chain.incoming.length > 0) this.#validate(visit, chain.incoming, 0)
    else this.#route(visit)
  }

  #validate(
    visit: Visit,
    validators: readonly ((request: ClientRequest) => Verdict | Promise<Verdict>)[],
    from: number,
  ): void {
    visit.flow?.begin('validate-incoming-request')
    for (let i = from; i < validators.length; i++) {
      let verdict: Verdict | Promise<Verdict>
      try {
        verdict = checkVerdict(validators[i]!(visit.request))
      } catch (error) {
        this.#refuse(visit, refuse('plugin.failed', { detail: String(error) }))
        return
      }
      if (verdict === undefined) continue
      if (!(verdict instanceof Promise)) {
        this.#verdict(visit, verdict)
        return
      }
      this.#wait(visit)
      verdict.then(checkAnswer).then(
        late =>
          visit.gone
            ? undefined
            : late === undefined
              ? this.#validate(visit, validators, i + 1)
              : this.#verdict(visit, late),
        error => this.#refuse(visit, refuse('plugin.failed', { detail: String(error) })),
      )
      return
    }
    this.#route(visit)
  }

  #route(visit: Visit): void {
    visit.flow?.begin('find-route')
    let match: RouteMatch<RouteEntry> | null
    try {
      match = this.#match(visit)
    } catch (error) {
      this.#refuse(visit, refuse('plugin.failed', { detail: String(error) }))
      return
    }
    if (match === null) {
      this.#noRoute(visit)
      return
    }
    const entry = match.payload
    const compiled = entry.compiled
    if (compiled !== null) {
      this.#run(visit, compiled, match)
      return
    }
    // Route plugins take part in matching, so the match is made again once they are there.
    const ready = entry.ready()
    if (!(ready instanceof Promise)) {
      this.#route(visit)
      return
    }
    this.#wait(visit)
    ready.then(
      () => {
        if (!visit.gone) this.#route(visit)
      },
      error => this.#refuse(visit, refuse('internal', { detail: String(error) })),
    )
  }

  #wait(visit: Visit): void {
    visit.wait(() => {
      this.#options.observer.ended()
      visit.onDone?.({ ...visit.flow!.report(''), status: 0, refusal: null })
    })
  }

  #match(visit: Visit): RouteMatch<RouteEntry> | null {
    const { request } = visit
    const { router, chain } = this.revision
    const scope = this.#options.listeners(request.connection.listener)
    for (const choose of chain.routers) {
      const id = choose(request)
      const entry = id === undefined ? undefined : router.get(id)
      if (entry !== undefined)
        return { id: id!, payload: entry, matchedPath: '', params: noParams, noMoreSegments: true }
    }
    return router.match(request, scope, entry => accepts(entry, request), visit.trace ?? undefined)
  }

  #run(visit: Visit, compiled: CompiledRoute, match: RouteMatch<RouteEntry>): void {
    const { server, request, arrival } = visit
    request.pathParams = match.params
    const { parts } = compiled
    let { flow } = visit
    if (flow === null && this.#wantsFlow(parts)) {
      flow = new Flow(performance.timeOrigin + arrival, arrival)
      flow.begin('find-route')
    }
    if (this.#inMaintenance(parts.id)) {
      visit.flow = flow
      this.#refuse(visit, refuse('maintenance'))
      return
    }
    const exchange = new GatewayExchange(request, parts.view, match.matchedPath, arrival, this.#options.ids)
    if (flow !== null) {
      flow.note('found_route', { id: parts.id, name: parts.view.name })
      flow.note('matched_path', match.matchedPath)
      flow.note('exact', match.noMoreSegments)
      flow.note('params', match.params)
      if (visit.trace !== null) flow.note('candidates', describeTrace(visit.trace))
      flow.begin('compute-plugins', describePlugins(parts.chain, request))
      exchange.addAnswerHeader(this.#context.headerNames.requestId, exchange.id)
    }
    const context = visit.onDone === null ? this.#context : this.#explaining(visit)
    new Run(server, exchange, compiled, context, flow, visit.dry).start()
  }

  #wantsFlow({ debugFlow, exportReporting }: RouteParts): boolean {
    const { globals } = this.revision
    return (
      debugFlow ||
      globals.debugHeaders ||
      ((exportReporting || globals.exportReporting) && this.#options.flows.exported)
    )
  }

  #explaining(visit: Visit): RunContext {
    return {
      ...this.#context,
      finished: run => {
        this.#options.observer.ended()
        visit.onDone?.({ ...run.flow!.report(run.exchange.id), status: run.status, refusal: run.refusal })
      },
    }
  }

  #inMaintenance(routeId: string): boolean {
    const on = this.#options.maintenance || this.revision.globals.maintenance
    return on && routeId !== this.#options.adminRoute
  }

  #noRoute(visit: Visit): void {
    if (visit.trace !== null) visit.flow?.note('candidates', describeTrace(visit.trace))
    const { sinks } = this.revision.chain
    for (const sink of sinks) {
      let verdict: Verdict | Promise<Verdict>
      try {
        verdict = checkVerdict(sink(visit.request))
      } catch (error) {
        this.#refuse(visit, refuse('plugin.failed', { detail: String(error) }))
        return
      }
      if (verdict === undefined) continue
      if (!(verdict instanceof Promise)) this.#verdict(visit, verdict)
      else {
        this.#wait(visit)
        verdict.then(checkAnswer).then(
          late => this.#verdict(visit, late ?? refuse('route.not_found')),
          error => this.#refuse(visit, refuse('plugin.failed', { detail: String(error) })),
        )
      }
      return
    }
    this.#refuse(visit, refuse('route.not_found'))
  }

  #verdict(visit: Visit, verdict: Answer): void {
    if (verdict.kind === 'refusal') this.#refuse(visit, verdict)
    else this.#answer(visit, verdict, null)
  }

  /** Answers a request that has no run. */
  #refuse(visit: Visit, refusal: Refusal): void {
    const { request } = visit
    visit.id = this.#options.ids()
    const rendered = renderRefusal(refusal, {
      accept: request.headers.get('accept'),
      state: request.headers.get(this.#context.headerNames.state.toLowerCase()),
      errorId: visit.id,
      template: this.revision.errorTemplate('global'),
      headerNames: this.#context.headerNames,
    })
    visit.flow?.fail(refusal)
    this.#answer(
      visit,
      { kind: 'full', status: rendered.status, headers: [...rendered.headers], body: rendered.body },
      refusal,
    )
  }

  #answer(visit: Visit, full: FullAnswer, refusal: Refusal | null): void {
    const { server, request, arrival, flow } = visit
    if (visit.gone) return
    let source: AnswerSource | null = null
    const headOnly = request.method === 'HEAD' || bodyless(full.status)
    const body = answerBody(full.body, headOnly, began => {
      source = began
      server.onDrain = began.resume
    })
    let over = false
    const finish = (): void => {
      if (over) return
      over = true
      server.onClose = null
      source?.cancel()
      if (refusal !== null) this.#options.observer.refused(request, refusal, arrival)
      this.#options.observer.ended()
      if (visit.onDone !== null) visit.onDone({ ...flow!.report(''), status: full.status, refusal })
      else if (flow !== null) this.#options.flows.report(flow.report(visit.id), request, null)
    }
    server.onClose = finish
    try {
      server.writeHead(full.status, reasonPhrase(full.status), HeaderBlock.from(full.headers), body.length)
    } catch (error) {
      this.#options.thread.log('error', `an answer could not be sent: ${String(error)}`)
      server.abort()
      finish()
      return
    }
    body.flow({
      data: chunk => !over && server.writeBody(chunk),
      end: () => {
        if (!over) server.end()
        finish()
      },
      error: () => {
        server.abort()
        finish()
      },
    })
  }
}

/** Whoever asks an address rather than a name for a short path may be a load balancer that wants to know how we are. */
function isProbed({ path, domain }: ClientRequest): boolean {
  return path.length <= LONGEST_PROBE && isIPv4(domain)
}

const noParams: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

/** True when the route's own matching plugins agree; a route that is not compiled yet is taken and asked later. */
function accepts(entry: RouteEntry, request: ClientRequest): boolean {
  const compiled = entry.compiled
  if (compiled === null) return true
  for (const step of compiled.parts.chain.matchRoute) {
    if (step.only !== null && !step.only(request)) continue
    if (!checkChoice(step.run(request))) return false
  }
  return true
}
