/**
 * The request path of one thread: from an exchange of the HTTP engine to a route and its run.
 *
 * Guarantees: every exchange is answered or cut; what no route wants is refused with a reason; nothing here waits unless
 * a route is called for the first time or a global plugin returned a promise.
 */
import { performance } from 'node:perf_hooks'
import { bodyless, FieldNames, HeaderBlock, reasonPhrase, type ServerExchange } from '../http/index.ts'
import { modulesOfRoute } from '../identity/route-modules.ts'
import { type Answer, type FullAnswer, type Refusal, refuse } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import { hypotheticalAttribute } from '../plugin/known-attributes.ts'
import { isOwnHost, ownHosts } from '../plugin/own-hosts.ts'
import type { CompiledRoute, RouteParts } from './compile/compiled-route.ts'
import type { ThreadServices } from './compile/environment.ts'
import { renderRefusal } from './errors/render.ts'
import { debugHeaders } from './flow/debug-headers.ts'
import { describePlugins, describeTrace } from './flow/describe.ts'
import { Flow } from './flow/flow.ts'
import type { FlowSink } from './flow/flow-sink.ts'
import { askInTurn, failed, watchGlobal } from './global-steps.ts'
import { type AnswerSource, answerBody } from './pipeline/answer-body.ts'
import type { Chain } from './pipeline/chain.ts'
import { GatewayRequest } from './pipeline/client-request.ts'
import { GatewayExchange, type IdSource } from './pipeline/exchange.ts'
import { Run } from './pipeline/run.ts'
import type { RunContext } from './pipeline/run-context.ts'
import { checkRouteId } from './pipeline/verdict.ts'
import type { SizeCheck } from './request-sizes.ts'
import { isLocalAdmin, LOCAL_ADMIN } from './local-admin.ts'
import {
  compileLoginWay,
  isLogin,
  isLogout,
  LOGIN_ROUTE,
  type LoginWay,
  routeToLeave,
  privateNames,
} from './login-way.ts'
import { accepts, askMatch, MatchFailed } from './plugin-matching.ts'
import { LiveRevision } from './revision/live-revision.ts'
import type { RouteEntry } from './revision/route-entry.ts'
import { type ListenerScope, MatchTrace, type RouteMatch } from './router/index.ts'
import { Visit } from './visit.ts'
import { aboutCaller, asksWhoCalls } from './who-calls.ts'

/** Answers paths that belong to the gateway itself (`/.well-known/otoroshi/…`, `/health` of an address); null: not one of them. */
export type OwnPaths = (request: ClientRequest) => FullAnswer | null

/** What the thread is told about requests. */
export interface RequestObserver {
  /** An exchange begins; pairs with `ended`. Answers how many are in flight over all threads. */
  began(): number
  /** More requests are in flight than the global configuration wants, whether or not it refuses them. */
  crowded?(limit: number, current: number): void
  /** A run is over. */
  finished(run: Run): void
  /** A request that reached no route was answered, or its client left. `id`: what the answer calls it. */
  refused(request: ClientRequest, refusal: Refusal, arrival: number, id: string): void
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
  /** A path of loopback names leads to it. */
  readonly localAdmin?: boolean
  /** The way of logins to the control plane; absent: there is none. */
  readonly login?: LoginWay
}

/** Prefix of the gateway's own paths. */
const OWN = '/.well-known/otoroshi/'
/** Lengths of `/live` and `/startup/`, which are answered on some hosts. */
const SHORTEST_PROBE = 5
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
  readonly #loginHosts: ReadonlySet<string>
  #login: CompiledRoute | null = null

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#tooBig = options.tooBig ?? null
    const { thread, observer } = options
    this.revision = new LiveRevision(thread, options.trailingSlashMeansExactSegments ?? true)
    const names = thread.headerNames
    const own = (...keys: (keyof typeof names)[]): string[] => keys.map(key => names[key])
    const { login = null } = options
    this.#loginHosts = login?.hosts ?? new Set()
    if (login !== null) void compileLoginWay(login, thread).then(compiled => (this.#login = compiled))
    this.#context = {
      headerNames: names,
      removedIn: new FieldNames([
        ...own('state', 'claim', 'requestId', 'clientId', 'clientSecret', 'authorization'),
        ...FORWARDED,
        ...INTERNAL,
        ...privateNames(thread.privateRoute, login),
      ]),
      stateAnswer: names.stateResponse.toLowerCase(),
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
    const wanted = globals.debugHeaders || this.#options.flows.wants(request)
    const visit = new Visit(
      server,
      request,
      arrival,
      wanted ? new Flow(performance.timeOrigin + arrival, arrival) : null,
      false,
    )
    const crowded = inFlight > globals.maxConcurrent
    if (crowded) this.#options.observer.crowded?.(globals.maxConcurrent, inFlight)
    const limits = globals.limitConcurrent && !this.#options.thread.counting.shadow
    if (crowded && limits && !this.#leadsToAdmin(visit)) this.#refuse(visit, refuse('too_many_requests'))
    else this.#admit(visit)
  }

  /** Whoever has to lower the load must get in. */
  #leadsToAdmin(visit: Visit): boolean {
    if (visit.request.pathFault !== null) return false
    try {
      return this.#match(visit)?.id === this.#options.adminRoute
    } catch {
      return false
    }
  }

  /** Answers an exchange that must not be looked at any further. */
  refuse(server: ServerExchange, refusal: Refusal): void {
    const request = new GatewayRequest(server, this.revision.globals.trustForwarded)
    this.#options.observer.began()
    this.#refuse(new Visit(server, request, performance.now(), null, false), refusal)
  }

  /** Decides about a hypothetical request; nothing is sent to a backend. Resolves when `server` was answered. */
  explain(server: ServerExchange, done: (report: unknown) => void): void {
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
    if (mayBeOwn(request.path)) {
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
    else if (chain.incoming.length > 0) this.#validate(visit, chain.incoming)
    else this.#route(visit)
  }

  #validate(visit: Visit, validators: Chain['incoming']): void {
    visit.flow?.begin('validate-incoming-request')
    askInTurn({
      steps: validators,
      visit,
      waits: () => this.#wait(visit),
      answered: verdict => this.#verdict(visit, verdict),
      passed: () => this.#route(visit),
    })
  }

  #route(visit: Visit): void {
    if (this.#login !== null && isLogin(visit.request, this.#loginHosts)) {
      this.#run(visit, this.#login, ownMatch)
      return
    }
    visit.flow?.begin('find-route')
    let match: RouteMatch<RouteEntry> | null
    try {
      match = this.#match(visit)
    } catch (error) {
      const plugin = error instanceof MatchFailed ? error.plugin : ''
      this.#verdict(visit, failed(plugin, error))
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
      const { observer, ids } = this.#options
      if (visit.onDone === null)
        observer.refused(visit.request, refuse('request.client_gone'), visit.arrival, ids())
      observer.ended()
      visit.onDone?.({ ...visit.flow!.report(''), status: 0, refusal: null })
    })
  }

  #match(visit: Visit): RouteMatch<RouteEntry> | null {
    const { request } = visit
    const { router, chain } = this.revision
    if (visit.trace !== null) visit.trace = new MatchTrace()
    const scope = this.#options.listeners(request.connection.listener)
    const local = this.#localAdmin(visit, scope)
    if (local !== undefined) return local
    for (const step of chain.routers) {
      if (step.only !== null && !step.only(request)) continue
      const note = watchGlobal(step, visit)
      const id = askMatch(step.plugin, () => checkRouteId(step.run(request)))
      note?.({ result: { kind: 'successful', route: id ?? null } })
      const entry = id === undefined ? undefined : router.named(id, scope)
      if (entry === undefined) continue
      visit.chosenBy = step.plugin
      return { id: id!, payload: entry, matchedPath: '', params: noParams, noMoreSegments: true }
    }
    visit.chosenBy = null
    return router.match(request, scope, entry => accepts(entry, request), visit.trace ?? undefined)
  }

  /** Undefined: the request does not go by the path of the admin API. Null: it does, and there is no such route. */
  #localAdmin({ request, server }: Visit, scope: ListenerScope): RouteMatch<RouteEntry> | null | undefined {
    const { adminRoute, localAdmin } = this.#options
    if (localAdmin !== true || !isLocalAdmin(request.path, server.authority, request.headers))
      return undefined
    const entry = this.revision.router.named(adminRoute, scope)
    if (entry === undefined) return null
    return {
      id: adminRoute,
      payload: entry,
      matchedPath: LOCAL_ADMIN,
      params: noParams,
      noMoreSegments: false,
    }
  }

  #run(visit: Visit, found: CompiledRoute, match: FoundRoute): void {
    const { server, request, arrival } = visit
    request.pathParams = match.params
    const leaving = this.#login !== null && isLogout(request)
    const compiled = leaving ? this.#login! : found
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
    if (visit.dry) exchange.attributes.set(hypotheticalAttribute, true)
    if (leaving) {
      const { json, domains } = found.parts.view
      exchange.attributes.set(routeToLeave, {
        modules: modulesOfRoute(json, this.revision.globals.slots).ids,
        own: isOwnHost(request, ownHosts(domains)),
      })
    }
    if (flow !== null) {
      flow.note('found_route', { id: parts.id, name: parts.view.name })
      flow.note('matched_path', match.matchedPath)
      flow.note('exact', match.noMoreSegments)
      flow.note('params', match.params)
      if (visit.chosenBy !== null) flow.note('chosen_by', visit.chosenBy)
      else flow.note('candidates', describeTrace(visit.trace ?? this.#trace(visit, match)))
      flow.begin('compute-plugins', describePlugins(parts.chain, request))
      exchange.addAnswerHeader(this.#context.headerNames.requestId, exchange.id)
    }
    const context = visit.onDone === null ? this.#context : this.#explaining(visit)
    const run = new Run(server, exchange, compiled, context, flow, visit.dry)
    if (asksWhoCalls(request)) run.instead = aboutCaller
    run.start()
  }

  /** How the route was found, for a report that only the route asks for. Its plugins have decided and are not asked again. */
  #trace({ request }: Visit, { payload }: FoundRoute): MatchTrace {
    const trace = new MatchTrace()
    const scope = this.#options.listeners(request.connection.listener)
    this.revision.router.match(request, scope, entry => entry === payload, trace)
    return trace
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
    return on && routeId !== this.#options.adminRoute && routeId !== LOGIN_ROUTE
  }

  #noRoute(visit: Visit): void {
    if (visit.trace !== null) visit.flow?.note('candidates', describeTrace(visit.trace))
    const { sinks, sinkFault } = this.revision.chain
    askInTurn({
      steps: sinks,
      visit,
      body: visit.body,
      waits: () => this.#wait(visit),
      answered: verdict => this.#verdict(visit, verdict),
      passed: () => this.#refuse(visit, sinkFault ?? refuse('route.not_found')),
    })
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
      if (refusal !== null && visit.onDone === null)
        this.#options.observer.refused(request, refusal, arrival, visit.id)
      this.#options.observer.ended()
      if (visit.onDone !== null) visit.onDone({ ...flow!.report(''), status: full.status, refusal })
      else if (flow !== null) this.#options.flows.report(flow.report(visit.id), request, null)
    }
    server.onClose = finish
    try {
      const headers = HeaderBlock.from(full.headers)
      if (flow !== null && this.revision.globals.debugHeaders)
        for (const [name, value] of debugHeaders(flow.report(visit.id))) headers.append(name, value)
      server.writeHead(full.status, reasonPhrase(full.status), headers, body.length)
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

/** `/.well-known/otoroshi/…`, or as short as `/health`: worth to ask whether the gateway answers it itself. */
function mayBeOwn(path: string): boolean {
  return path.length <= LONGEST_PROBE ? path.length >= SHORTEST_PROBE : path.startsWith(OWN)
}

const noParams: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

type FoundRoute = Omit<RouteMatch<RouteEntry>, 'payload' | 'id'> & { readonly payload?: RouteEntry }

/** What is known of a request that belongs to the gateway itself. */
const ownMatch: FoundRoute = { matchedPath: '', params: noParams, noMoreSegments: true }
