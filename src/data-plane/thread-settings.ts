/** What a data-plane thread is started with. Plain data: it crosses to the thread. */
import type { HealthCheckSettings } from '../gateway/health/index.ts'
import type { CacheMemory } from '../cache/index.ts'
import type { InstanceFacts } from '../events/index.ts'
import type { CellMemory } from '../limits/cells.ts'
import type { CountMemory } from '../limits/count-memory.ts'
import type { RequestSizes } from '../gateway/request-sizes.ts'
import type { HttpLimits, PoolLimits } from '../http/index.ts'
import type { HeaderNameKey } from '../plugin/contract.ts'
import type { SharedTextsMemory } from '../revision/shared-memory.ts'
import type { ExpressionAccess } from './expression-settings.ts'
import type { ProtocolSettings } from './own-instance.ts'

/** The certificate of a port, and what clients have to show. */
export interface ListenerTls {
  /** PEM texts. */
  readonly cert: string
  readonly key: string
  /** Certificates are asked for and must be signed by one of these authorities (PEM); null: none are asked for. */
  readonly clients: { readonly authorities: string; readonly needed: boolean } | null
}

/** A port all threads listen on. */
export interface ListenerSettings {
  readonly id: string
  readonly port: number
  readonly host: string | null
  /** Null for plain. */
  readonly tls: ListenerTls | null
  readonly http1: boolean
  readonly http2: boolean
  /** Serves only the routes bound to it. */
  readonly exclusive: boolean
  /** One of the ports of the settings: it serves every route that is bound to no listener. */
  readonly standard: boolean
}

/** Where people log in, and how the control plane is reached for it. */
export interface LoginSettings {
  /** Hosts of the login pages of routes; links lead to the first. Lower case. */
  readonly hosts: readonly string[]
  /** Hosts where administrators log in. */
  readonly consoleHosts: readonly string[]
  readonly scheme: 'http' | 'https'
  /** Port of links, 0 when that of the request counts. */
  readonly port: number
  /** Signs links and session ids. */
  readonly secret: string
  readonly allowRedirectParameter: boolean
  /** Names of cookies that backends do not see, besides those of sessions of routes; null: they see them all. */
  readonly hiddenCookies: readonly string[] | null
  /** The private listener: its port, and the fields that prove and tell what the thread knows. */
  readonly listener: {
    readonly port: number
    readonly header: string
    readonly token: string
    readonly clientHeader: string
    readonly urlHeader: string
    readonly modulesHeader: string
  }
}

export interface ThreadSettings {
  /** 0 to threads - 1. */
  readonly index: number
  readonly threads: number
  /** Number of the instance, 0 to 1023, for request ids. */
  readonly instance: number
  /** What events say of the instance. */
  readonly about: InstanceFacts
  readonly env: string
  readonly domain: string
  readonly backlog: number
  readonly limits: HttpLimits
  /** Bounds of `otoroshi.requests`; null: switched off. */
  readonly requestSizes: RequestSizes | null
  readonly pool: Omit<PoolLimits, 'lookup'>
  readonly dnsTtl: number
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
  readonly blacklistedPlugins: readonly string[]
  /** Global limits and lists of addresses hold on routes where nothing else says whether they do. */
  readonly legacyChecks: boolean
  readonly trailingSlashMeansExactSegments: boolean
  readonly maintenance: boolean
  readonly adminRoute: {
    readonly routeId: string
    readonly port: number
    readonly header: string
    readonly token: string
    readonly callerHeader: string
    readonly clientHeader: string
    /** A path of loopback names leads to it. */
    readonly local: boolean
  } | null
  readonly logins: LoginSettings
  /** Bytes of a body that plugins read whole unless their settings say otherwise. */
  readonly bodyLimit: number
  /** What expressions may reach. */
  readonly expressions: ExpressionAccess
  readonly protocol: ProtocolSettings
  readonly location: {
    readonly provider: string
    readonly region: string
    readonly zone: string
    readonly dc: string
    readonly rack: string
  }
  readonly healthChecks: HealthCheckSettings
  /** Domains of the admin API, where monitoring is answered at short paths. Lower case. */
  readonly monitoredDomains: readonly string[]
  /** Access keys of the monitoring endpoints, or null. */
  readonly healthKey: string | null
  readonly metricsKey: string | null
  readonly metricsEnabled: boolean
  readonly cells: CellMemory
  /** Memory of kept answers; null: none are kept. */
  readonly cache: CacheMemory | null
  readonly counts: {
    readonly memory: CountMemory
    /** Memory of what is counted in a Redis apart; null: there is none. */
    readonly apart: CountMemory | null
    /** Time zone of days and months; null: that of the process. */
    readonly zone: string | null
    /** Length of the throttling window, milliseconds. */
    readonly windowMs: number
    /** Answers say in `RateLimit` what is left. */
    readonly fields: boolean
    /** Nothing is refused. */
    readonly shadow: boolean
  }
  /** Memory of `TextDesk`. */
  readonly textDesk: SharedArrayBuffer
  /** Memory of the entities that are in no delta, by kind. */
  readonly sharedTexts: Readonly<Record<string, SharedTextsMemory>>
  /** Figures about requests, one row per thread. */
  readonly metrics: SharedArrayBuffer
  /** Memory of `InstanceState`. */
  readonly state: SharedArrayBuffer
  /** Requests in flight, one number per thread. */
  readonly inFlight: SharedArrayBuffer
}
