/** The settings as the program reads them: plain, readonly, and able to cross to threads. */
import type { Values } from './setting.ts'
import type { table } from './table/index.ts'
import type { LogLevel } from './table/monitoring.ts'

type Declared = Values<typeof table>

/** Bounds of one HTTP message and its connection: the limits of the HTTP engine. */
export type HttpLimitSettings = Declared['http']['limits']

/** Connections to one backend: the limits of a pool of the HTTP engine. */
export interface PoolSettings {
  readonly maxConnections: number
  readonly maxIdle: number
  /** Milliseconds. */
  readonly idleTimeout: number
  readonly maxQueue: number
  readonly http: HttpLimitSettings
}

export interface Settings extends Declared {
  /** Made of `backends`. */
  readonly pool: PoolSettings
  /** Hosts of the admin API, made of `domains` and `adminApi`. */
  readonly adminHosts: {
    /** Where clients call it. */
    readonly exposed: readonly string[]
    /** Behind its route. */
    readonly internal: readonly string[]
  }
  /** Where people log in, made of `domains`, `logins`, `console` and `exposed`. */
  readonly loginHosts: {
    /** Hosts of the login pages of routes; links lead to the first. */
    readonly users: readonly string[]
    /** Hosts where administrators log in; empty when that is not served. */
    readonly administrators: readonly string[]
    /** Scheme and port of the login pages, as users see them. 0: any port was asked for, so that of the request counts. */
    readonly scheme: 'http' | 'https'
    readonly port: number
    /** Domain of the session cookies of routes: begins with a dot. */
    readonly cookieDomain: string
    /** Secret that signs cookies and links. */
    readonly secret: string
  }
  /** Levels of single loggers by name (`otoroshi.loggers`). */
  readonly loggers: Readonly<Record<string, LogLevel>>
}
