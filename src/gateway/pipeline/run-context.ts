/** What a request needs of its thread while it runs. */
import type { FieldNames } from '../../http/index.ts'
import type { HeaderNameKey } from '../../plugin/contract.ts'
import type { ErrorTemplate } from '../errors/error-template.ts'
import type { Run } from './run.ts'

export interface RunContext {
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
  /** Fields of clients that never reach a backend. */
  readonly removedIn: FieldNames
  /** Fields of backends that never reach a client. */
  readonly removedOut: FieldNames
  /** Template of a route's errors, of `global`, or null. */
  errorTemplate(routeId: string): ErrorTemplate | null
  /** Answers say how long the request took (`x-otoroshi-request-*`). */
  debugHeaders(): boolean
  /** The request is over: metrics, events, reports. */
  finished(run: Run): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void
}
