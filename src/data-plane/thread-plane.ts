/** What a data-plane thread is made of, and how it answers the main thread. */
import { findBuiltIn } from '../plugins/index.ts'
import { DnsCache, systemLookup } from '../gateway/balancing/index.ts'
import { Pools } from '../gateway/backends/pools.ts'
import { Gateway } from '../gateway/gateway.ts'
import { sizeCheck } from '../gateway/request-sizes.ts'
import { compileTemplate } from '../gateway/pipeline/template.ts'
import { snowflakes } from '../gateway/pipeline/snowflake.ts'
import type { CompiledRoute } from '../gateway/compile/compiled-route.ts'
import type { FlowReport } from '../gateway/flow/flow.ts'
import {
  buildFlowReportEvent,
  buildHealthCheckEvent,
  EventPort,
  moveRates,
  RequestMetrics,
  TICK,
} from '../events/index.ts'
import { SharedCells } from '../limits/cells.ts'
import { apikey as apikeyKind } from '../model/kinds/apikey.ts'
import { certificate as certificateKind } from '../model/kinds/certificate.ts'
import { refuse } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import { SharedTexts } from '../revision/shared-texts.ts'
import { ApikeyIndex } from './apikey-index.ts'
import { HealthWatch } from './health-watch.ts'
import { HypotheticalExchange } from './hypothetical.ts'
import { InFlight } from './in-flight.ts'
import { KeyPairIndex } from './key-pair-index.ts'
import { monitoringFacts } from './monitoring-facts.ts'
import { returnMemorySoon } from './return-memory.ts'
import { ownPaths } from './own-paths.ts'
import { type EventSettings, eventOfRefused, eventOfRun, recordRefused, recordRun } from './request-report.ts'
import { Listeners } from './listeners.ts'
import type { FromThread, LogLevel, ToThread } from './messages.ts'
import { PluginRegistry } from './plugin-registry.ts'
import { lookupThrough } from './resolve.ts'
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
  readonly #keyPairs: KeyPairIndex
  readonly #events = new EventPort()
  readonly #index: number
  readonly #inFlight: InFlight
  /** On the first thread only. */
  readonly #health: HealthWatch | null
  readonly #ids: () => string
  #tryIts = new Set<string>()

  constructor(settings: ThreadSettings, tell: (message: FromThread) => void) {
    this.#tell = tell
    this.#index = settings.index
    this.#plugins = new PluginRegistry(findBuiltIn)
    const log = (level: LogLevel, message: string): void => tell({ type: 'log', level, message })
    const cells = new SharedCells(settings.cells)
    const dns = new DnsCache(systemLookup, { ttl: settings.dnsTtl })
    const inFlight = new InFlight(settings.inFlight, settings.index)
    this.#inFlight = inFlight
    const metrics = new RequestMetrics(settings.metrics, settings.index)
    setInterval(() => (metrics.connections = this.#listeners.connections), 1000).unref()
    if (settings.index === 0) setInterval(() => moveRates(settings.metrics, Date.now()), TICK).unref()
    const ids = snowflakes(settings.instance, settings.index, settings.threads)
    this.#ids = ids
    const { adminRoute, headerNames } = settings
    const eventSettings: EventSettings = {
      ids,
      env: settings.env,
      parentFields: {
        request: headerNames.requestId.toLowerCase(),
        from: headerNames.vizFrom.toLowerCase(),
        label: headerNames.vizFromLabel.toLowerCase(),
      },
    }
    const events = this.#events
    const pools = new Pools({ ...settings.pool, lookup: lookupThrough(dns) })
    const readText = (clientId: string): string | undefined =>
      this.#gateway.revision.texts.get(apikeyKind.kind, clientId)
    this.#apikeys = new ApikeyIndex(readText)
    this.#keyPairs = new KeyPairIndex(id => this.#gateway.revision.texts.get(certificateKind.kind, id))
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
        apikeys: this.#apikeys,
        keyPairs: this.#keyPairs,
        sharedTexts: new Map(
          Object.entries(settings.sharedTexts).map(([kind, memory]) => [kind, new SharedTexts(memory)]),
        ),
        template: compileTemplate,
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
        monitoringFacts(settings, () => this.#gateway.revision.number >= 0),
        [headerNames.state, headerNames.stateResponse],
        new Set(settings.monitoredDomains),
      ),
      listeners: id => this.#listeners.scopeOf(id),
      trailingSlashMeansExactSegments: settings.trailingSlashMeansExactSegments,
      tooBig: sizeCheck(settings.requestSizes, settings.limits),
      maintenance: settings.maintenance,
      adminRoute: adminRoute?.routeId ?? '',
      localAdmin: adminRoute?.local === true,
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
      case 'events-wanted':
        this.#events.want(message.wanted)
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
