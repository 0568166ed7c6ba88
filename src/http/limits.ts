/** Limits and time-outs of the HTTP engine, with defaults that are safe at the edge. Sizes in bytes, times in ms. */
export interface HttpLimits {
  /** Longest request target; above: 414. */
  readonly maxTarget: number
  /** Largest head (request line and fields together); above: 431. */
  readonly maxHead: number
  readonly maxHeaderCount: number
  readonly maxHeaderName: number
  readonly maxHeaderValue: number
  readonly maxMethod: number
  /** Largest body of a message, Infinity for none; above: 413. */
  readonly maxBody: number
  /** Largest single chunk of a chunked body. */
  readonly maxChunk: number
  /** From the first byte of a head (or the accept) to its last; above: 408. */
  readonly headTimeout: number
  /** Longest silence while a body is awaited. */
  readonly bodyTimeout: number
  /** Longest silence between two requests of a connection. */
  readonly keepAliveTimeout: number
  /** Longest time a client may leave our bytes unread. */
  readonly writeTimeout: number
  /** Longest time for one request, answer included; 0 for none. */
  readonly requestTimeout: number
  /** Connections open at once on a listener; more are closed at once. */
  readonly maxConnections: number
  /** Requests served on one connection before it is closed; 0 for no limit. */
  readonly maxRequestsPerConnection: number
  /** Bytes a client may send ahead (pipelined requests) before reading from it stops. */
  readonly maxPipelined: number
  /** A body that is not read is skipped up to this size to keep the connection; beyond, it is closed. */
  readonly maxSkippedBody: number
}

export const DEFAULT_LIMITS: HttpLimits = {
  maxTarget: 16_384,
  maxHead: 60_000,
  maxHeaderCount: 128,
  maxHeaderName: 128,
  maxHeaderValue: 16_384,
  maxMethod: 16,
  maxBody: Number.POSITIVE_INFINITY,
  maxChunk: 268_435_456,
  headTimeout: 10_000,
  bodyTimeout: 60_000,
  keepAliveTimeout: 75_000,
  writeTimeout: 60_000,
  requestTimeout: 0,
  maxConnections: 20_000,
  maxRequestsPerConnection: 0,
  maxPipelined: 65_536,
  maxSkippedBody: 65_536,
}

/** Limits of HTTP/2 sessions, both sides. Header sizes and counts, bodies and time-outs come from `HttpLimits`. */
export interface Http2Limits {
  /** Streams a peer may have open at once. */
  readonly maxConcurrentStreams: number
  /** Bytes a peer may send on a stream before it is read. */
  readonly streamWindow: number
  /** Streams a client may reset at once, and how many more each second; above: the session ends (rapid reset). */
  readonly resetBurst: number
  readonly resetRate: number
  /** Frames that break the protocol without ending the session. */
  readonly maxInvalidFrames: number
  /** Streams above the limit a client may try to open. */
  readonly maxRejectedStreams: number
  /** Entries of one SETTINGS frame. */
  readonly maxSettings: number
  /** PINGs without an answer. */
  readonly maxOutstandingPings: number
  /** Megabytes a session may hold. */
  readonly maxSessionMemory: number
}

export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  maxConcurrentStreams: 100,
  streamWindow: 262_144,
  resetBurst: 200,
  resetRate: 33,
  maxInvalidFrames: 100,
  maxRejectedStreams: 100,
  maxSettings: 32,
  maxOutstandingPings: 10,
  maxSessionMemory: 32,
}
