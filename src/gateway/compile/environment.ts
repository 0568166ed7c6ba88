/** What compiling needs besides the route itself. One per revision where noted; the rest lives as long as the thread. */
import type { TextSource } from '../revision/entity-texts.ts'
import type { HeaderNameKey, PluginServices, Template } from '../../plugin/contract.ts'
import type { PluginSlot } from '../../model/types/plugin-slot.ts'
import type { Origin } from '../../http/index.ts'
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
  readonly apikeys: PluginServices['apikeys']
  readonly keyPairs: PluginServices['keyPairs']
  /** Texts that are in no delta, by kind. */
  readonly sharedTexts?: ReadonlyMap<string, TextSource>
  /** Compiles an expression text. Throws when it cannot. */
  template(text: string): Template
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void
  /** The route whose calls go to the control plane's private listener, or null when there is none. */
  readonly privateRoute: PrivateRoute | null
}

/** The admin API: a route like any other, whose backend is the control plane. */
export interface PrivateRoute {
  readonly routeId: string
  readonly origin: Origin
  /** Field that proves to the private listener that the call passed the route, and its value. */
  readonly header: string
  readonly token: string
  /** Field that names the API key of the caller. Clients cannot set it. */
  readonly callerHeader: string
  /** Field that names the address of the client. Clients cannot set it. */
  readonly clientHeader: string
}

/** What the global configuration of a revision says to compiling. */
export interface GlobalParts {
  readonly slots: readonly PluginSlot[]
  readonly proxy: ProxyPlan | null
  readonly trustForwarded: boolean
  readonly useCircuitBreakers: boolean
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
