/** The snow monkey of the instance: looks now and then which routes it hurts, and tells the threads and whoever listens. */
import { randomUUID } from 'node:crypto'
import type { ControlPlane } from '../control/control-plane.ts'
import { isAwake, type Outage, type OutageCandidate, outagesAt } from '../control/snow-monkey/outages.ts'
import type { DataPlane } from '../data-plane/data-plane.ts'
import { buildAlert, buildRouteEvent, type EventPort } from '../events/index.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { type GlobalConfig, globalConfig } from '../model/kinds/global-config.ts'
import { type Route, route as routeKind } from '../model/kinds/route.ts'
import type { Delta } from '../revision/delta.ts'

/** Milliseconds between two looks while it is on. */
const LOOK = 1_000
/** The plugin of the routes that may be hurt. */
const PLUGIN = 'cp:otoroshi.next.plugins.SnowMonkeyChaos'
const USER_FACING = 'otoroshi-core-user-facing'

export class SnowMonkey {
  readonly #control: ControlPlane
  readonly #dataPlane: Pick<DataPlane, 'setSnowMonkey'>
  readonly #events: EventPort
  readonly #env: string
  readonly #adminRoute: string
  #config: GlobalConfig | null = null
  #candidates: readonly OutageCandidate[] | null = null
  #outages: readonly Outage[] = []
  #told = ''
  /** Outages that began before are over. */
  #since = 0
  #timer: NodeJS.Timeout | null = null

  constructor(
    control: ControlPlane,
    dataPlane: Pick<DataPlane, 'setSnowMonkey'>,
    events: EventPort,
    facts: { readonly env: string; readonly adminRoute: string },
  ) {
    this.#control = control
    this.#dataPlane = dataPlane
    this.#events = events
    this.#env = facts.env
    this.#adminRoute = facts.adminRoute
  }

  /** Outages that hold now. */
  get outages(): readonly Outage[] {
    return this.#outages
  }

  /** Ends the outages that hold now; later ones come as drawn. */
  reset(): void {
    this.#since = Date.now()
    this.look()
  }

  follow({ full, writes, removals }: Delta): void {
    for (const { kind } of [...writes, ...removals])
      if (kind === routeKind.kind) this.#candidates = null
      else if (kind === globalConfig.kind) this.#config = null
    if (full) this.#candidates = this.#config = null
    this.look()
  }

  /** Finds out what holds now. */
  look(): void {
    const config = (this.#config ??= this.#readConfig())
    const settings = config?.snowMonkeyConfig
    if (settings === undefined || !settings.enabled) {
      this.#sleep()
      return
    }
    this.#timer ??= setInterval(() => this.look(), LOOK).unref()
    const now = Date.now()
    const before = new Set(this.#outages.map(({ routeId, startedAt }) => `${routeId} ${startedAt}`))
    this.#outages = outagesAt(settings, (this.#candidates ??= this.#readCandidates()), now, this.#since)
    for (const outage of this.#outages)
      if (!before.has(`${outage.routeId} ${outage.startedAt}`)) this.#announce(outage, settings)
    const awake = isAwake(settings, now) && settings.chaosConfig.enabled
    const routes = settings.dryRun ? [] : this.#outages.map(({ routeId }) => routeId)
    this.#tell(awake ? { chaos: settings.chaosConfig, routes } : null)
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #sleep(): void {
    this.close()
    this.#outages = []
    this.#tell(null)
  }

  #tell(state: Parameters<DataPlane['setSnowMonkey']>[0]): void {
    const text = JSON.stringify(state)
    if (text === this.#told) return
    this.#told = text
    this.#dataPlane.setSnowMonkey(state)
  }

  #announce({ routeId, routeName }: Outage, config: GlobalConfig['snowMonkeyConfig']): void {
    if (!this.#events.wanted) return
    const about = { id: routeId, name: routeName }
    const now = Date.now()
    const fields = {
      user: '--',
      apiKey: '--',
      action: 'SNOWMONKEY_OUTAGE_REGISTERED',
      from: '--',
      message: 'Snow monkey outage registered',
      config,
      service: about,
      dryRun: config.dryRun,
    }
    const event = buildRouteEvent('AuditEvent', randomUUID(), now, this.#env, about, {
      audit: 'SnowMonkeyOutageRegisteredEvent',
      ...fields,
    })
    this.#events.emit(event)
    const alert = buildAlert('SnowMonkeyOutageRegisteredAlert', randomUUID(), now, this.#env, about, {
      user: '--',
      audit: event,
    })
    this.#events.emit(alert)
  }

  #readConfig(): GlobalConfig | null {
    const entity = this.#control.get(globalConfig as EntityDefinition, globalConfig.singleton ?? 'global')
    const read = entity?.read()
    return read?.ok === true ? (read.value as GlobalConfig) : null
  }

  #readCandidates(): readonly OutageCandidate[] {
    const found: OutageCandidate[] = []
    for (const entity of this.#control.list(routeKind as EntityDefinition)) {
      // Cheap first: most routes do not have it.
      if (!entity.json.includes(PLUGIN)) continue
      const read = entity.read()
      if (!read.ok) continue
      const { id, name, groups, metadata, plugins, enabled } = read.value as Route
      if (id === this.#adminRoute || !enabled) continue
      if (!plugins.some(slot => slot.plugin === PLUGIN && slot.enabled)) continue
      found.push({ id, name, groups, userFacing: metadata[USER_FACING] === 'true' })
    }
    return found
  }
}
