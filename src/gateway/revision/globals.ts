/** What the global configuration says to the data plane, read once per change. */
import { isDeepStrictEqual } from 'node:util'
import { type GlobalLimits, isLimit, noGlobalLimits } from '../../limits/global-limits.ts'
import { type GlobalConfig, globalConfig as kind } from '../../model/kinds/global-config.ts'
import { pluginSlots } from '../../model/types/plugin-slot.ts'
import { readEntityText } from '../../model/read.ts'
import type { PluginSlot } from '../../model/types/plugin-slot.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import type { ProxyPlan } from '../balancing/index.ts'
import type { GlobalParts } from '../compile/environment.ts'

export interface Globals extends GlobalParts {
  readonly maintenance: boolean
  readonly maxConcurrent: number
  readonly limitConcurrent: boolean
  readonly incoming: readonly PluginSlot[]
  /** Engine settings `debug` or `debug_headers`: answers carry `x-otoroshi-request-*`. */
  readonly debugHeaders: boolean
  readonly exportReporting: boolean
  readonly strategy: 'tree' | 'startswith'
  /** What expressions read as `global_config`. */
  readonly metadata: Readonly<Record<string, string>>
  readonly env: unknown
  /** Why the global configuration cannot be used; every route is then closed (law 1). */
  readonly fault: string | null
}

const plain: Globals = {
  slots: [],
  pluginSettings: {},
  geolocation: {},
  proxy: null,
  trustForwarded: true,
  useCircuitBreakers: true,
  maintenance: false,
  maxConcurrent: 1000,
  limitConcurrent: false,
  incoming: [],
  debugHeaders: false,
  exportReporting: false,
  strategy: 'tree',
  limits: noGlobalLimits,
  legacyChecks: null,
  addresses: { allowed: [], blocked: [] },
  metadata: {},
  env: {},
  fault: null,
}

/** Reads the stored text; absent: the defaults. */
export function readGlobals(text: string | undefined): Globals {
  if (text === undefined) return plain
  const parsed = readEntityText(kind, text)
  if (!parsed.ok) return { ...plain, fault: describeFaults(parsed.faults) }
  const config = parsed.value
  const settings = config.plugins.config
  const engine = objectAt(settings, 'NextGenProxyEngine')
  const slots = slotsAt(settings, 'ng')
  const incoming = slotsAt(settings, 'incoming_request_validators')
  return {
    slots: slots ?? [],
    pluginSettings: otherSettings(settings),
    geolocation: config.geolocationSettings,
    incoming: incoming ?? [],
    proxy: proxyOf(objectAt(objectAt(config, 'proxies'), 'services')),
    trustForwarded: config.trustXForwarded,
    useCircuitBreakers: config.useCircuitBreakers,
    maintenance: config.maintenanceMode,
    maxConcurrent: config.maxConcurrentRequests,
    limitConcurrent: config.limitConcurrentRequests,
    debugHeaders: engine['debug'] === true || engine['debug_headers'] === true,
    exportReporting: engine['export_reporting'] === true,
    limits: limitsOf(config),
    legacyChecks: flagAt(engine, 'apply_legacy_checks'),
    addresses: { allowed: config.ipFiltering.whitelist, blocked: config.ipFiltering.blacklist },
    strategy: engine['routing_strategy'] === 'startswith' ? 'startswith' : 'tree',
    metadata: config.metadata,
    env: config.env,
    fault: slots === null || incoming === null ? 'a global plugin slot is invalid' : null,
  }
}

/** True when every route compiles to the same with both. */
export function sameForRoutes(one: Globals, other: Globals): boolean {
  return (
    one.trustForwarded === other.trustForwarded &&
    one.useCircuitBreakers === other.useCircuitBreakers &&
    one.legacyChecks === other.legacyChecks &&
    isDeepStrictEqual(one.addresses, other.addresses) &&
    isLimit(one.limits.calls) === isLimit(other.limits.calls) &&
    isLimit(one.limits.perAddress) === isLimit(other.limits.perAddress) &&
    isDeepStrictEqual(one.slots, other.slots) &&
    isDeepStrictEqual(one.pluginSettings, other.pluginSettings) &&
    isDeepStrictEqual(one.geolocation, other.geolocation) &&
    isDeepStrictEqual(one.proxy, other.proxy)
  )
}

/** True when the global plugins are the same with both. */
export function sameForChain(one: Globals, other: Globals): boolean {
  return (
    one.trustForwarded === other.trustForwarded &&
    isDeepStrictEqual(one.slots, other.slots) &&
    isDeepStrictEqual(one.pluginSettings, other.pluginSettings) &&
    isDeepStrictEqual(one.incoming, other.incoming)
  )
}

/** Settings of the engine itself in `plugins.config`. */
const ENGINE = new Set(['ng', 'incoming_request_validators', 'NextGenProxyEngine'])

/** What is there for plugins. */
function otherSettings(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !ENGINE.has(name)))
}

function limitsOf({ throttlingQuota, perIpThrottlingQuota, quotasSettings }: GlobalConfig): GlobalLimits {
  const { enabled, dailyQuotasThreshold: daily, monthlyQuotasThreshold: monthly } = quotasSettings
  return { calls: throttlingQuota, perAddress: perIpThrottlingQuota, alerts: { enabled, daily, monthly } }
}

function flagAt(from: Readonly<Record<string, unknown>>, key: string): boolean | null {
  const value = from[key]
  return typeof value === 'boolean' ? value : null
}

function objectAt(from: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = from[key]
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

/**
 * A list of slots, empty when there is none; null when it cannot be read. Upstream reads anything but a list as an empty
 * one, even the `{slots: []}` of its manual: guards that were written down would be passed over.
 */
function slotsAt(from: Readonly<Record<string, unknown>>, key: string): readonly PluginSlot[] | null {
  const value = from[key] ?? []
  const list = typeof value === 'object' && 'slots' in value ? value.slots : value
  if (!Array.isArray(list)) return null
  const parsed = parse(pluginSlots, list)
  return parsed.ok ? parsed.value : null
}

function proxyOf(json: Readonly<Record<string, unknown>>): ProxyPlan | null {
  const { host, port, protocol, principal, password } = json
  if (typeof host !== 'string' || host === '' || typeof port !== 'number') return null
  return {
    host,
    port,
    protocol: typeof protocol === 'string' ? protocol : 'http',
    principal: typeof principal === 'string' ? principal : null,
    password: typeof password === 'string' ? password : null,
    direct: [],
  }
}
