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
  /** Levels of single loggers by name (`otoroshi.loggers`). */
  readonly loggers: Readonly<Record<string, LogLevel>>
}
