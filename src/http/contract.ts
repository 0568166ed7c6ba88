/**
 * The two contracts of the HTTP library: `ServerExchange` (a request that came in and the means to answer it) and
 * `dispatch` (a request that goes out and the handler of its answer). Both are the same for HTTP/1.0, 1.1 and 2.
 *
 * Guarantees: a chunk handed over is valid only during the call (copy it to keep it); events of one exchange never
 * overlap; after `end`, `error` or `abort` nothing more is called. Not guaranteed: that a chunk is a whole anything.
 */
import type { Duplex } from 'node:stream'
import type { BadMessage } from './bad-message.ts'
import type { HeaderBlock } from './headers.ts'

/** HTTP version of a message: major × 10 + minor. */
export type HttpVersion = 10 | 11 | 20 | 30

/** Length of a body in bytes; `UNKNOWN_LENGTH` when only its end tells. */
export const UNKNOWN_LENGTH = -1

/** What is known of the connection a request came in on. */
export interface ConnectionFacts {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /** Identity of the listener that accepted the connection. */
  readonly listener: string
  /** Facts of the TLS session, or null on a plain connection. */
  readonly tls: TlsFacts | null
}

export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  readonly serverName: string
  /** The client has shown a certificate of an authority that the listener trusts. Absent: no. */
  readonly clientVerified?: boolean
  /** Certificates of the client as DER, leaf first; empty when it sent none. */
  clientChain(): Buffer[]
}

/** Receives a request body. `data` returning false pauses the sender until `resumeBody()`. */
export interface BodyReader {
  data(chunk: Buffer): boolean
  end(trailers: HeaderBlock | null): void
  /** The body will never be complete: the client went away, lied about the length or sent broken chunks. */
  error(error: Error): void
}

/** One request on a server connection and the means to answer it. */
export interface ServerExchange {
  readonly method: string
  /** Origin form (`/path?query`) or `*`. The absolute form is reduced to it; its authority wins over `Host`. */
  readonly target: string
  readonly version: HttpVersion
  readonly headers: HeaderBlock
  /** `host[:port]` as the client gave it; empty for HTTP/1.0 without `Host`. */
  readonly authority: string
  readonly scheme: 'http' | 'https'
  /** 0: no body. `UNKNOWN_LENGTH`: a body whose length is not declared. */
  readonly bodyLength: number
  readonly connection: ConnectionFacts
  /** Protocol named by `Upgrade` when `Connection` lists it, lower case, or null. */
  readonly upgrade: string | null

  /** Starts the flow of the request body (sends `100 Continue` first where the client waits for it). Call once. */
  readBody(reader: BodyReader): void
  resumeBody(): void
  /** Sends an interim answer (1xx except 101). */
  inform(status: number, headers: HeaderBlock): void
  /** Starts the final answer. `headers` holds no framing and no hop-by-hop field; the engine adds them. */
  writeHead(status: number, reason: string, headers: HeaderBlock, bodyLength: number): void
  /** False: stop writing until `onDrain`. */
  writeBody(chunk: Buffer): boolean
  end(trailers?: HeaderBlock | null): void
  /** Puts what is buffered on the wire now (a head that waits for its first body bytes). */
  flush(): void
  /** Gives the exchange up: resets the stream or closes the connection without a clean end. */
  abort(): void
  /** Answers 101 (or the given status for HTTP/2) and hands over the raw byte stream. */
  acceptUpgrade(headers: HeaderBlock, status?: number): Duplex
  /** Set by the handler. The client went away before the answer was complete. */
  onClose: (() => void) | null
  /** Set by the handler. More may be written after `writeBody` returned false. */
  onDrain: (() => void) | null
}

export type ExchangeHandler = (exchange: ServerExchange) => void

/**
 * Told of each answer a server makes by itself, because no handler can see a message that is not valid. The fields it
 * answers are added to that answer; `fault.fault` names the reason for programs, `fault.message` for people.
 */
export type RefusalHook = (fault: BadMessage, facts: ConnectionFacts) => HeaderBlock

/** A request to send. `headers` holds `Host`, but no framing and no hop-by-hop field: the engine computes those. */
export interface DispatchRequest {
  readonly method: string
  /** Origin form. */
  readonly path: string
  readonly headers: HeaderBlock
  /** 0: no body; `UNKNOWN_LENGTH`: sent chunked. */
  readonly bodyLength: number
  /** Protocol to upgrade to (`websocket`), or null. */
  readonly upgrade: string | null
}

/** Receives the answer to a dispatched request. */
export interface ResponseHandler {
  /** A connection is ours and the head is about to be written; body bytes may be written from now on. */
  onConnect(reused: boolean): void
  onInformation(status: number, headers: HeaderBlock): void
  onHead(status: number, reason: string, headers: HeaderBlock, bodyLength: number, version: HttpVersion): void
  /** False: no more data until `call.resume()`. */
  onData(chunk: Buffer): boolean
  /** All bytes that arrived together have been delivered: a good moment to flush. */
  onFlush(): void
  onEnd(trailers: HeaderBlock | null): void
  onUpgrade(status: number, headers: HeaderBlock, stream: Duplex): void
  /** The request body may be written again after `call.write` returned false. */
  onDrain(): void
  onError(error: TransportError): void
}

/** A dispatched request in flight. */
export interface Call {
  write(chunk: Buffer): boolean
  end(trailers?: HeaderBlock | null): void
  resume(): void
  abort(error?: TransportError): void
}

/** Why a dispatched request failed. */
export type TransportFault =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'connect_timeout'
  | 'tls'
  | 'queue_full'
  | 'queue_timeout'
  | 'reset'
  | 'closed_early'
  | 'head_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  | 'bad_response'
  | 'short_body'
  | 'proxy_refused'
  | 'aborted'

/** Failure of a dispatched request. `untouched` tells that the server cannot have begun to process it. */
export class TransportError extends Error {
  readonly fault: TransportFault
  readonly untouched: boolean

  constructor(fault: TransportFault, message: string, untouched = false, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TransportError'
    this.fault = fault
    this.untouched = untouched
  }
}
