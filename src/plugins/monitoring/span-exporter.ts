/**
 * Spans on their way to a collector, in batches beside the traffic.
 *
 * Guarantees: no request waits for a collector; at most 2048 spans wait in memory and one call runs at a time; spans that
 * cannot be shipped are counted and the count is logged. Not guaranteed: delivery. A batch is tried once.
 */
import type { PluginServices } from '../../plugin/index.ts'
import { otlpRequest } from './otlp.ts'
import type { Span } from './span.ts'
import { grpcShipping, httpShipping, type Shipping } from './span-shipping.ts'
import { zipkinSpans } from './zipkin.ts'

export const exporterKinds = ['noop', 'logger', 'jaeger', 'otlp-grpc', 'otlp-http', 'zipkin'] as const
export type ExporterKind = (typeof exporterKinds)[number]

export interface SpanExporter {
  add(span: Span): void
  /** Ships what waits, then rests. */
  close(): void
}

const MOST_WAITING = 2048
const BATCH = 512
const DELAY_MS = 1000
/** A collector that is down is not worth more lines. */
const LOG_EVERY_MS = 30_000

/** The exporter of a kind; null when spans go nowhere. Throws on an endpoint that is no HTTP URL. `timeout` in milliseconds. */
export function spanExporter(
  kind: ExporterKind,
  endpoint: string,
  timeout: number,
  log: PluginServices['log'],
): SpanExporter | null {
  if (kind === 'noop') return null
  if (kind === 'logger') return { add: span => log('info', describe(span)), close: () => {} }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Error(`the endpoint of spans must be an http or https URL: ${JSON.stringify(endpoint)}`)
  if (kind === 'zipkin') return new Batches(zipkinSpans, httpShipping(url, 'application/json', timeout), log)
  const shipping =
    kind === 'otlp-http' ? httpShipping(url, 'application/x-protobuf', timeout) : grpcShipping(url, timeout)
  return new Batches(otlpRequest, shipping, log)
}

class Batches implements SpanExporter {
  readonly #encode: (spans: readonly Span[]) => Buffer
  readonly #ship: Shipping
  readonly #log: PluginServices['log']
  #waiting: Span[] = []
  #timer: NodeJS.Timeout | null = null
  #busy = false
  #lost = 0
  #loggedAt = Number.NEGATIVE_INFINITY

  constructor(encode: (spans: readonly Span[]) => Buffer, ship: Shipping, log: PluginServices['log']) {
    this.#encode = encode
    this.#ship = ship
    this.#log = log
  }

  add(span: Span): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lost++
      return
    }
    this.#waiting.push(span)
    if (this.#waiting.length >= BATCH) this.#flush()
    else if (this.#timer === null) {
      this.#timer = setTimeout(() => this.#flush(), DELAY_MS)
      this.#timer.unref()
    }
  }

  close(): void {
    this.#flush()
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#busy || this.#waiting.length === 0) return
    const batch = this.#waiting.splice(0, BATCH)
    this.#busy = true
    this.#ship(this.#encode(batch)).then(
      () => this.#shipped(0, ''),
      error => this.#shipped(batch.length, error instanceof Error ? error.message : String(error)),
    )
  }

  #shipped(failed: number, why: string): void {
    this.#busy = false
    this.#lost += failed
    const now = performance.now()
    if (this.#lost > 0 && now - this.#loggedAt >= LOG_EVERY_MS) {
      this.#log('warn', `${this.#lost} spans lost: ${failed > 0 ? why : 'the collector is too slow'}`)
      this.#lost = 0
      this.#loggedAt = now
    }
    this.#flush()
  }
}

function describe(span: Span): string {
  const { traceId, spanId, parentId, name, status } = span
  const took = Number(span.end - span.start) / 1e6
  const attributes = Object.fromEntries(span.attributes)
  return `span ${JSON.stringify({ name, traceId, spanId, parentId, status, milliseconds: took, attributes })}`
}
