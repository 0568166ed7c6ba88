/** What a request needs of its thread while it runs. */
import type { FieldNames } from '../../http/index.ts'
import type { Answer } from '../../plugin/answer.ts'
import type { Exchange, HeaderNameKey } from '../../plugin/contract.ts'
import type { ErrorTemplate } from '../errors/error-template.ts'
import type { Run } from './run.ts'

export interface RunContext {
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
  /** Fields of clients that never reach a backend. */
  readonly removedIn: FieldNames
  /** Field of a backend's answer to the challenge, in lower case. */
  readonly stateAnswer: string
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

/** An answer of the gateway itself to whoever a route lets in. */
export interface InsteadOfBackend {
  answer(exchange: Exchange): Answer
  /** What becomes of an answer that a plugin gave. */
  stopped(answer: Answer): Answer
}
