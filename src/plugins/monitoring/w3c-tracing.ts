/** Takes part in distributed traces: one span for each request, handed on to the backend. */
import { attribute, definePlugin, type Exchange, schema as v } from '../../plugin/index.ts'
import { noEntries, setting, text, textMap } from '../settings.ts'
import { baggageWriter } from './baggage.ts'
import { nanoseconds, type Span } from './span.ts'
import { exporterKinds, spanExporter } from './span-exporter.ts'
import { newTraceId, readTraceParent, readTraceState, writeTraceParent } from './trace-context.ts'

const kind = v.pipe(v.string(), v.toLowerCase(), v.picklist(exporterKinds))
/** Milliseconds; what a timer can hold. */
const timeout = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1))

/** A span under way. */
interface Tracing {
  readonly span: Span
  readonly sampled: boolean
  /** Somebody will see the span: only then it is more than its ids. */
  readonly recorded: boolean
}

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.W3CTracing',
  name: 'W3C Trace Context',
  description:
    'Goes on with the trace of the client, or begins one, and hands `traceparent`, `tracestate` and `baggage` to the backend (W3C Trace Context, level 1). Spans are exported in batches when the trace is sampled.',
  family: 'monitoring',
  categories: ['Monitoring'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    kind: setting(kind, 'noop', `Where spans go: ${exporterKinds.join(', ')}; jaeger is otlp-grpc`),
    endpoint: setting(
      text,
      'http://localhost:3333/spans',
      'URL of the collector; otlp-grpc uses only its host and port',
    ),
    timeout: setting(timeout, 30_000, 'Milliseconds that a call to the collector may take'),
    baggage: setting(textMap, noEntries, 'Members added to `baggage`; values may hold expressions'),
  }),
  setup(config, services) {
    const exporter = spanExporter(config.kind, config.endpoint, config.timeout, services.log)
    const writeBaggage = baggageWriter(config.baggage, services)
    const tracing = attribute<Tracing>('w3c-tracing')
    return {
      request(exchange) {
        const { headers } = exchange.upstream
        let current = exchange.attributes.get(tracing)
        // A further attempt to reach a backend belongs to the same span.
        if (current === undefined) {
          current = begin(exchange, exporter !== null)
          exchange.attributes.set(tracing, current)
        }
        const { span, sampled } = current
        headers.set('traceparent', writeTraceParent({ ...span, sampled }))
        if (span.traceState === '') headers.delete('tracestate')
        else headers.set('tracestate', span.traceState)
        if (writeBaggage !== null) headers.set('baggage', writeBaggage(exchange, headers.getAll('baggage')))
        note(current, 'forward_request')
      },
      response(exchange) {
        settle(exchange.attributes.get(tracing), 'ok', exchange.response.status)
      },
      error(exchange, refusal) {
        settle(exchange.attributes.get(tracing), 'error', refusal.status)
      },
      afterRequest(exchange) {
        const current = exchange.attributes.get(tracing)
        if (current === undefined || !current.recorded) return
        current.span.end = nanoseconds()
        exporter?.add(current.span)
      },
      dispose: () => exporter?.close(),
    }
  },
})

function begin({ request, route, upstream }: Exchange, exported: boolean): Tracing {
  const { headers } = upstream
  const parent = readTraceParent(headers.getAll('traceparent'))
  const sampled = parent?.sampled ?? true
  const recorded = sampled && exported
  const span: Span = {
    traceId: parent?.traceId ?? newTraceId(16),
    spanId: newTraceId(8),
    parentId: parent?.spanId ?? '',
    // What other tracers left is about a trace that is not known any more.
    traceState: parent === null ? '' : (readTraceState(headers.getAll('tracestate')) ?? ''),
    name: 'http_proxy',
    start: recorded ? nanoseconds() : 0n,
    end: 0n,
    attributes: new Map(),
    events: [],
    status: 'unset',
  }
  const current = { span, sampled, recorded }
  if (!recorded) return current
  const { attributes } = span
  attributes.set('lc', 'otoroshi')
  attributes.set('service.id', route.id)
  attributes.set('service.name', route.name)
  attributes.set('http.method', request.method)
  attributes.set('http.version', `HTTP/${Math.floor(request.version / 10)}.${request.version % 10}`)
  attributes.set('http.path', request.path)
  attributes.set('http.domain', request.domain)
  attributes.set('http.scheme', request.protocol)
  attributes.set('http.from', request.ip)
  note(current, 'process_request')
  return current
}

function settle(current: Tracing | undefined, status: 'ok' | 'error', code: number): void {
  if (current === undefined) return
  current.span.status = status
  current.span.attributes.set('http.response', code)
  note(current, status === 'ok' ? 'process_response' : 'process_error')
}

/** Retries add events; a backend that always fails must not add them without end. */
function note({ span, recorded }: Tracing, name: string): void {
  if (recorded && span.events.length < 32) span.events.push({ name, at: nanoseconds() })
}
