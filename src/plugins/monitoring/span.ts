/** One request of a trace, as exporters ship it. */

export interface SpanEvent {
  readonly name: string
  /** Epoch, nanoseconds. */
  readonly at: bigint
}

export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** Span of the caller; empty at the root of a trace. */
  readonly parentId: string
  readonly traceState: string
  readonly name: string
  /** Epoch, nanoseconds. */
  readonly start: bigint
  end: bigint
  readonly attributes: Map<string, string | number>
  readonly events: SpanEvent[]
  status: 'unset' | 'ok' | 'error'
}

/** Now: epoch, nanoseconds. */
export function nanoseconds(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n
}
