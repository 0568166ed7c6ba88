/**
 * Calls that plugins make to servers of their own (identity providers, validators), apart from the request they work on.
 *
 * Guarantees: `http` and `https` only; certificates are verified unless the settings say otherwise; redirects are answers and
 * are never followed; time and size are bounded. Not guaranteed: that the address may be called. It comes from settings of an
 * administrator: what a client sends must never become a part of it before the path.
 */
import type { HeaderBlock } from '../http/headers.ts'

/** TLS towards the server, in either spelling (`trusted_certs`, `trust_all`, `enabled`; `trustedCerts`, `trustAll`, `mtls`). */
export type CallTls = Readonly<Record<string, unknown>>

export interface OutgoingCall {
  readonly method: string
  /** Absolute, without a name or password in it. */
  readonly url: string
  /** `Host` and framing are added; `Accept` is any kind unless given. */
  readonly headers?: ReadonlyArray<readonly [string, string]>
  readonly body?: string | Uint8Array
  /** Milliseconds for the whole call, connecting and body included; at least 1. */
  readonly timeout: number
  /** Bytes of the longest body of an answer that is taken; 1 MiB unless given. */
  readonly maxBody?: number
  /** Certificates to show and to trust; they count when `enabled` or `mtls` is true. */
  readonly tls?: CallTls | null
  /** Organization whose certificates may be shown: that of who wrote the settings. Plugins need not say that of their route. */
  readonly tenant?: string
  /** Forward proxy `{host, port, protocol, principal, password, nonProxyHosts}`; it counts with a host and a port. */
  readonly proxy?: Readonly<Record<string, unknown>> | null
  /** May be done twice: sent once more when the connection was lost before an answer. */
  readonly repeatable?: boolean
}

export interface CallAnswer {
  readonly status: number
  readonly headers: HeaderBlock
  readonly body: Buffer
}

/** Why there is no answer: `url` and `tls_settings` are faults of the settings, the others of the world. */
export type CallFault = 'url' | 'tls_settings' | 'too_large' | 'timeout' | 'unreachable' | 'bad_answer'

/** A call without an answer. The message names neither query nor headers: it may be logged. */
export class CallFailed extends Error {
  readonly fault: CallFault

  constructor(fault: CallFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CallFailed'
    this.fault = fault
  }
}

export interface OutgoingCalls {
  /** The answer, whatever its status. Rejects with `CallFailed` only. */
  send(call: OutgoingCall): Promise<CallAnswer>
}
