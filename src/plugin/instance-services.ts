/** What plugins may know of the gateway they run in. */
import type { Signer } from '../identity/seal.ts'
import type { Consumer } from '../identity/consumer-link.ts'
import type { ClientRequest } from './contract.ts'

/** How a report on the instance is asked for. */
export interface ReportQuestion {
  readonly topic: 'health' | 'metrics'
  /** `json`, `old_json` or `prometheus`; null: `accept` decides. */
  readonly format: string | null
  /** Pattern of the names of metrics, or null for all. */
  readonly filter: string | null
  readonly accept: string | undefined
}

export interface InstanceReport {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface InstanceServices {
  /** Issuer of the tokens the gateway makes: setting `otoroshi.headers.jwt.issuer`. */
  readonly issuer: string
  /** Signs ids that clients keep: a client cannot choose one. */
  readonly signer: Signer
  /** A link that leads whoever has it to what the gateway knows of a consumer, for `ttl` seconds. */
  consumerLink(consumer: Consumer, ttl: number, request: ClientRequest): string
  /** Health or figures of the instance. Asks for no access key: whoever gets the answer is up to the route. */
  report(question: ReportQuestion): InstanceReport
}
