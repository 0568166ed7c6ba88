/** What a data-plane thread is made of, and how it answers the main thread. */
import { findBuiltIn } from '../plugins/index.ts'
import { AnswerStore } from '../cache/index.ts'
import { DnsCache, systemLookup } from '../gateway/balancing/index.ts'
import { Pools } from '../gateway/backends/pools.ts'
import { Gateway } from '../gateway/gateway.ts'
import { sizeCheck } from '../gateway/request-sizes.ts'
import { expressionTexts } from '../gateway/pipeline/template.ts'
import { snowflakes } from '../gateway/pipeline/snowflake.ts'
import type { CompiledRoute } from '../gateway/compile/compiled-route.ts'
import type { FlowReport } from '../gateway/flow/flow.ts'
import {
  buildAlert,
  buildFlowReportEvent,
  buildHealthCheckEvent,
  buildRouteEvent,
  EventPort,
  moveRates,
  RequestMetrics,
  TICK,
  maskFieldsNamed,
} from '../events/index.ts'
import { SharedCells } from '../limits/cells.ts'
import { Counting } from '../limits/counting.ts'
import { apikey as apikeyKind } from '../model/kinds/apikey.ts'
import { authModule as authModuleKind } from '../model/kinds/auth-module.ts'
import { authModuleUser as userKind } from '../model/kinds/auth-module-user.ts'
import { certificate as certificateKind } from '../model/kinds/certificate.ts'
import { jwtVerifier as verifierKind } from '../model/kinds/jwt-verifier.ts'
import { refuse } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import { SharedTexts } from '../revision/shared-texts.ts'
import { storedCertificate } from '../gateway/revision/stored-certificate.ts'
import { ApikeyDesk } from './apikey-desk.ts'
import { ApikeyIndex } from './apikey-index.ts'
import { BoardCopy } from './board-copy.ts'
import { ToldOutages } from './snow-monkey-state.ts'
import { Signer } from '../identity/seal.ts'
import { expressionSettings } from './expression-settings.ts'
import { crowdAlert } from './crowd-alert.ts'
import { HealthWatch } from './health-watch.ts'
import { HypotheticalExchange } from './hypothetical.ts'
import { InFlight } from './in-flight.ts'
import { JwtRoom } from './jwt-room.ts'
import { KeyPairIndex } from './key-pair-index.ts'
import { loginWay } from './login-listener.ts'
import { LoginSource } from './login-source.ts'
import { monitoringFacts } from './monitoring-facts.ts'
import { Leftovers, returnMemorySoon } from './return-memory.ts'
import { OwnInstance } from './own-instance.ts'
import { ownPaths } from './own-paths.ts'
import { PasswordDesk } from './password-desk.ts'
import { type EventSettings, eventOfRefused, eventOfRun, recordRefused, recordRun } from './request-report.ts'
import { Listeners } from './listeners.ts'
import { PooledCalls } from './outgoing-calls.ts'
import type { FromThread, LogLevel, ToThread } from './messages.ts'
import { PluginRegistry } from './plugin-registry.ts'
import { lookupThrough } from './resolve.ts'
import { TextDesk } from './text-desk.ts'
import type { ListenerSettings, ThreadSettings } from './thread-settings.ts'
import { unreadRequests } from './unread-requests.ts'

/** Header by which a client names a registered try-it id. */
const TRY_IT = 'otoroshi-try-it-request-id'

export class ThreadPlane {
  readonly #tell: (message: FromThread) => void
  readonly #gateway: Gateway
  readonly #listeners: Listeners
  readonly #plugins: PluginRegistry
  readonly #apikeys: ApikeyIndex
  readonly #newKeys: ApikeyDesk
  readonly #keyPairs: KeyPairIndex
  readonly #jwt: JwtRoom
  readonly #logins: LoginSource
  readonly #passwords: PasswordDesk
  readonly #events: EventPort
  readonly #outages = new ToldOutages()
  readonly #board = new BoardCopy((id, key, value, ttl) =>
    this.#tell({ type: 'board-write', id, key, value, ttl }),
  )
  readonly #index: number
  readonly #inFlight: InFlight
  readonly #counting: Counting
  /** On the first thread only. */
  readonly #health: HealthWatch | null
  readonly #leftovers: Leftovers
  /** Listens somewhere, or did. */
  #serves = false
  readonly #ids: () => string
  #tryIts = new Set<string>()

  constructor(settings: ThreadSettings, tell: (message: FromThread) => void) {
    this.#tell = tell
    this.#index = settings.index
    this.#leftovers = new Leftovers(settings.index + 1, () => this.busy)
    this.#plugins = new PluginRegistry(findBuiltIn)
    const log = (level: LogLevel, message: string): void => tell({ type: 'log', level, message })
    const cells = new SharedCells(settings.cells)
    const dns = new DnsCache(systemLookup, { ttl: settings.dnsTtl })
    const inFlight = new InFlight(settings.inFlight, settings.index)
    this.#inFlight = inFlight
    this.#counting = new Counting({
      ...settings.counts,
      ...(settings.adminRoute !== null && { adminRoute: settings.adminRoute.routeId }),
      ask: subject => tell({ type: 'count', subject }),
    })
    const metrics = new RequestMetrics(settings.metrics, settings.index)
    setInterval(() => (metrics.connections = this.#listeners.connections), 1000).unref()
    if (settings.index === 0) setInterval(() => moveRates(settings.metrics, Date.now()), TICK).unref()
    const ids = snowflakes(settings.instance, settings.index, settings.threads)
    this.#ids = ids
    const { adminRoute, headerNames } = settings
    const { authorization, bearer, claim, clientSecret, simpleApiClientId } = headerNames
    maskFieldsNamed([authorization, bearer, claim, clientSecret, simpleApiClientId])
    const events = new EventPort(settings.about)
    this.#events = events
    const eventSettings: EventSettings = {
      ids,
      env: settings.env,
      instance: events.instance,
      parentFields: {
        request: headerNames.requestId.toLowerCase(),
        from: headerNames.vizFrom.toLowerCase(),
        label: headerNames.vizFromLabel.toLowerCase(),
      },
    }
    const pools = new Pools({ ...settings.pool, lookup: lookupThrough(dns) })
    const readText = (clientId: string): string | undefined =>
      this.#gateway.revision.texts.get(apikeyKind.kind, clientId)
    const desk = new TextDesk(settings.textDesk, settings.index, (kind, id, turn) =>
      tell({ type: 'fetch-text', kind, id, turn }),
    )
    this.#newKeys = new ApikeyDesk((id, key) => tell({ type: 'store-apikey', id, key }))
    this.#apikeys = new ApikeyIndex(readText, this.#newKeys)
    this.#keyPairs = new KeyPairIndex(
      id => this.#gateway.revision.texts.get(certificateKind.kind, id),
      Date.now,
      () => this.#gateway.revision.texts.all(certificateKind.kind),
    )
    const calls = new PooledCalls(pools, id => storedCertificate(id, this.#gateway.revision.texts))
    const { open, forKeys } = expressionSettings(
      settings.expressions,
      process.env,
      () => this.#gateway.revision.globals,
    )
    const texts = expressionTexts(open, forKeys)
    this.#jwt = new JwtRoom({
      verifier: id => this.#gateway.revision.texts.get(verifierKind.kind, id),
      pairs: this.#keyPairs,
      calls,
      text: texts.settled,
      log,
    })
    this.#passwords = new PasswordDesk((id, question) => tell({ type: 'password', id, question }))
    this.#logins = new LoginSource(
      {
        session: id => this.#gateway.revision.texts.get(userKind.kind, id),
        module: id => this.#gateway.revision.texts.get(authModuleKind.kind, id),
      },
      settings.logins,
      this.#passwords,
      id => tell({ type: 'session-used', id }),
    )
    const facts = monitoringFacts(settings, () => this.#gateway.revision.number >= 0)
    const instance = new OwnInstance(settings.protocol, new Signer(settings.logins.secret), facts, {
      apikey: id => this.#apikeys.find(id),
      user: id => this.#logins.session(id),
    })
    this.#gateway = new Gateway({
      thread: {
        plugins: this.#plugins,
        pools,
        balancing: {
          cells,
          random: Math.random,
          onBreaker: (change, target) => log('warn', `circuit breaker of ${target.key} is ${change}`),
        },
        here: settings.location,
        headerNames: settings.headerNames,
        blacklisted: new Set(settings.blacklistedPlugins),
        legacyChecks: settings.legacyChecks,
        hiddenCookies: settings.logins.hiddenCookies === null ? null : new Set(settings.logins.hiddenCookies),
        apikeys: this.#apikeys,
        keyPairs: this.#keyPairs,
        calls,
        jwt: this.#jwt,
        board: this.#board,
        outages: this.#outages,
        cache: settings.cache === null ? null : new AnswerStore(settings.cache, settings.index),
        logins: this.#logins,
        sharedTexts: new Map(
          Object.entries(settings.sharedTexts).map(([kind, memory]) => [
            kind,
            new SharedTexts(memory, id => desk.fetch(kind, id)),
          ]),
        ),
        template: texts.template,
        instance,
        counting: this.#counting,
        bodyLimit: settings.bodyLimit,
        alert: (route, name, fields) => {
          if (events.wanted) events.emit(buildAlert(name, ids(), Date.now(), settings.env, route, fields()))
        },
        event: (route, type, fields) => {
          if (events.wanted)
            events.emit(buildRouteEvent(type, ids(), Date.now(), settings.env, route, fields()))
        },
        log,
        privateRoute:
          adminRoute === null
            ? null
            : {
                routeId: adminRoute.routeId,
                origin: {
                  host: '127.0.0.1',
                  port: adminRoute.port,
                  tls: null,
                  address: null,
                  proxy: null,
                  protocol: 11,
                },
                header: adminRoute.header,
                token: adminRoute.token,
                callerHeader: adminRoute.callerHeader,
                clientHeader: adminRoute.clientHeader,
              },
      },
      ids,
      observer: {
        began: () => inFlight.enter(),
        crowded: crowdAlert(events, ids, settings.env),
        ended: () => inFlight.leave(),
        finished: run => {
          recordRun(metrics, run)
          if (this.#events.wanted) this.#events.emit(eventOfRun(run, eventSettings))
        },
        refused: (request, refusal, arrival, id) => {
          recordRefused(metrics, refusal, performance.now() - arrival)
          if (this.#events.wanted)
            this.#events.emit(eventOfRefused(request, refusal, arrival, id, eventSettings))
        },
      },
      flows: {
        wants: request => this.#wantsFlow(request),
        get exported() {
          return events.wanted
        },
        report: (report, request, route) => this.#reportFlow(report, request, route),
      },
      ownPaths: ownPaths(
        facts,
        [headerNames.state, headerNames.stateResponse],
        new Set(settings.monitoredDomains),
        request => instance.followed(request),
      ),
      listeners: id => this.#listeners.scopeOf(id),
      trailingSlashMeansExactSegments: settings.trailingSlashMeansExactSegments,
      tooBig: sizeCheck(settings.requestSizes, settings.limits),
      maintenance: settings.maintenance,
      adminRoute: adminRoute?.routeId ?? '',
      localAdmin: adminRoute?.local === true,
      login: loginWay(settings.logins),
    })
    if (settings.index === 0)
      this.#gateway.revision.inspect(
        (revision, faults, inspected) => tell({ type: 'inspected', revision, faults, inspected }),
        () => returnMemorySoon(0, () => this.busy),
      )
    this.#health =
      settings.index === 0
        ? new HealthWatch({
            settings: settings.healthChecks,
            revision: this.#gateway.revision,
            pools,
            cells,
            here: settings.location,
            adminRoute: adminRoute?.routeId ?? '',
            tokens: { jwt: this.#jwt, headerNames, instance },
            onOutcome: outcome => {
              if (!this.#events.wanted) return
              const endedAt = outcome.at + outcome.duration
              this.#events.emit(buildHealthCheckEvent({ ...outcome, id: ids(), endedAt }))
            },
            log,
          })
        : null
    this.#gateway.revision.onEntity = (kind, id) => {
      if (kind === apikeyKind.kind) this.#apikeys.forget(id)
      else if (kind === certificateKind.kind) this.#keyPairs.forget(id)
      else if (kind === verifierKind.kind) this.#jwt.forget(id)
      else if (kind === userKind.kind) this.#logins.forgetSession(id)
      else if (kind === authModuleKind.kind) this.#logins.forgetModule(id)
    }
    this.#listeners = new Listeners({
      limits: settings.limits,
      backlog: settings.backlog,
      handler: this.#gateway.handle,
      onRefusal: unreadRequests({
        headerNames: settings.headerNames,
        metrics,
        events: this.#events,
        settings: eventSettings,
      }),
      refuseHttp1: exchange => this.#gateway.refuse(exchange, refuse('http1_not_spoken')),
    })
  }

  /** Requests are in flight, on any thread. */
  get busy(): boolean {
    return this.#inFlight.total > 0
  }

  async receive(message: ToThread): Promise<void> {
    switch (message.type) {
      case 'delta': {
        const faults = await this.#gateway.revision.apply(message.delta)
        this.#tell({ type: 'applied', acknowledgement: { revision: message.delta.revision, faults } })
        await this.#health?.follow(message.delta)
        const { full, writes, removals } = message.delta
        if (!full) this.#leftovers.written(writes.length + removals.length)
        return
      }
      case 'listen':
        return this.#listen(message.listener)
      case 'unlisten':
        return this.#listeners.unlisten(message.id, 30_000)
      case 'plugins': {
        const { failures, changed } = await this.#plugins.reload(message.files)
        const listings = this.#index === 0 ? await this.#plugins.listFolder() : []
        await this.#gateway.revision.pluginsChanged(changed)
        this.#tell({ type: 'plugins-loaded', failures, listings })
        return
      }
      case 'explain':
        return this.#explain(message.id, message.request)
      case 'try': {
        const faults = await this.#gateway.revision.closedBy(message.delta, message.route)
        this.#tell({ type: 'tried', id: message.id, faults })
        return
      }
      case 'try-its':
        this.#tryIts = new Set(message.ids)
        return
      case 'events':
        this.#events.connect(message.port)
        return
      case 'apikey-stored':
        this.#newKeys.answered(message.id, message.fault)
        return
      case 'rotations':
        this.#apikeys.setRotations(message.times)
        return
      case 'board':
        this.#board.take(message.entries)
        return
      case 'board-written':
        this.#board.answered(message.id, message.fault)
        return
      case 'snow-monkey':
        this.#outages.told(message.state)
        return
      case 'exporters':
        this.#events.configure(message.exporters)
        return
      case 'password-answer':
        this.#passwords.answered(message.id, message.answer)
        return
      case 'counted':
        this.#counting.answered(message.name, message.reached)
        return
      case 'drain':
        this.#health?.close()
        await this.#listeners.drain(message.limit)
        this.#events.flush()
        this.#tell({ type: 'drained' })
    }
  }

  async #listen(listener: ListenerSettings): Promise<void> {
    try {
      const port = await this.#listeners.listen(listener)
      // Not before: what a start with many routes has made is still growing.
      if (!this.#serves) returnMemorySoon(this.#index + 1, () => this.busy)
      this.#serves = true
      this.#tell({ type: 'listening', id: listener.id, port })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#tell({ type: 'listen-failed', id: listener.id, message })
    }
  }

  #explain(id: number, request: Extract<ToThread, { type: 'explain' }>['request']): void {
    try {
      const exchange = new HypotheticalExchange(request)
      this.#gateway.explain(exchange, report => {
        this.#tell({ type: 'explained', id, report: { ok: true, report } })
      })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#tell({ type: 'explained', id, report: { ok: false, message } })
    }
  }

  #wantsFlow(request: ClientRequest): boolean {
    if (this.#tryIts.size === 0) return false
    const id = request.headers.get(TRY_IT)
    return id !== undefined && this.#tryIts.has(id)
  }

  #reportFlow(report: FlowReport, request: ClientRequest, route: CompiledRoute | null): void {
    const { id } = report
    const named = request.headers.get(TRY_IT)
    const tryIt = named !== undefined && this.#tryIts.delete(named) ? named : null
    const routeId = route?.parts.id ?? ''
    if (tryIt !== null || route?.parts.debugFlow === true)
      this.#tell({ type: 'flow', report: { requestId: id, routeId, tryIt, report } })
    if (route === null || !this.#events.wanted) return
    const { view, exportReporting } = route.parts
    if (exportReporting || this.#gateway.revision.globals.exportReporting)
      this.#events.emit(buildFlowReportEvent(this.#ids(), Date.now(), view, report))
  }
}
