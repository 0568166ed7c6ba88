/** What compiling needs besides the route itself. One per revision where noted; the rest lives as long as the thread. */
import type { TextSource } from '../revision/entity-texts.ts'
import type { Exchange, HeaderNameKey, PluginServices, Template } from '../../plugin/contract.ts'
import type { PluginSlot } from '../../model/types/plugin-slot.ts'
import type { Origin } from '../../http/index.ts'
import type { GlobalLimits } from '../../limits/global-limits.ts'
import type { BalancingServices, InstanceLocation, ProxyPlan } from '../balancing/index.ts'
import type { CertificateSource } from '../backends/origin-of.ts'
import type { Pools } from '../backends/pools.ts'
import type { PluginSource } from './plugin-source.ts'

/** Lives as long as the thread. */
export interface ThreadServices {
  readonly plugins: PluginSource
  readonly pools: Pools
  readonly balancing: Omit<BalancingServices, 'useCircuitBreakers'>
  readonly here: InstanceLocation
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
  readonly blacklisted: ReadonlySet<string>
  /** Global limits and lists of addresses hold on routes where nothing else says whether they do. */
  readonly legacyChecks: boolean
  /** Names of cookies that backends do not see, besides those of sessions of routes; null: they see them all. */
  readonly hiddenCookies: ReadonlySet<string> | null
  readonly apikeys: PluginServices['apikeys']
  readonly keyPairs: PluginServices['keyPairs']
  readonly logins: PluginServices['logins']
  readonly counting: PluginServices['counting']
  readonly bodyLimit: PluginServices['bodyLimit']
  readonly calls: PluginServices['calls']
  readonly jwt: PluginServices['jwt']
  readonly cache: PluginServices['cache']
  readonly instance: PluginServices['instance']
  readonly board: PluginServices['board']
  readonly outages: PluginServices['outages']
  /** Texts that are in no delta, by kind. */
  readonly sharedTexts?: ReadonlyMap<string, TextSource>
  /** Compiles an expression text. Throws when it cannot. */
  template(text: string): Template
  /** Raises an alert about a route; `fields` is called only when somebody listens. */
  alert(
    route: { readonly id: string; readonly name: string },
    name: string,
    fields: () => Readonly<Record<string, unknown>>,
  ): void
  /** As `alert`, for an event of another type. */
  event(
    route: { readonly id: string; readonly name: string },
    type: string,
    fields: () => Readonly<Record<string, unknown>>,
  ): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void
  /** The route whose calls go to the control plane's private listener, or null when there is none. */
  readonly privateRoute: PrivateRoute | null
}

/** A route whose backend is the control plane: that of the admin API, which is like any other, and that of logins. */
export interface PrivateRoute {
  readonly routeId: string
  readonly origin: Origin
  /** Field that proves to the private listener that the call passed the route, and its value. */
  readonly header: string
  readonly token: string
  /** Field that names the API key of the caller. Clients cannot set it. Null: it is not told. */
  readonly callerHeader: string | null
  /** Field that names the address of the client. Clients cannot set it. */
  readonly clientHeader: string
  /** More fields that clients cannot set. */
  readonly facts?: (exchange: Exchange) => ReadonlyArray<readonly [string, string]>
}

/** What the global configuration of a revision says to compiling. */
export interface GlobalParts {
  readonly slots: readonly PluginSlot[]
  /** Settings that plugins of all routes share. */
  readonly pluginSettings: Readonly<Record<string, unknown>>
  /** How clients are located. */
  readonly geolocation: Readonly<Record<string, unknown>>
  readonly proxy: ProxyPlan | null
  readonly trustForwarded: boolean
  readonly useCircuitBreakers: boolean
  /** Whether global limits and lists hold on routes that do not say otherwise; null: as the instance has it. */
  readonly legacyChecks: boolean | null
  readonly limits: GlobalLimits
  readonly addresses: AddressLists
}

/** Addresses, networks and patterns that are let in (none listed: everyone) and kept out. The same object while they are the same. */
export interface AddressLists {
  readonly allowed: readonly string[]
  readonly blocked: readonly string[]
}

/** Reads entities of the revision being compiled. */
export interface EntityReader {
  /** Stored text of an entity, or undefined. */
  get(kind: string, id: string): string | undefined
}

export interface CompileEnvironment {
  readonly thread: ThreadServices
  readonly global: GlobalParts
  readonly entities: EntityReader
  readonly certificates: CertificateSource
}
