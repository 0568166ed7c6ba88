/** Spans as an OTLP export request (`opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`). */
import { bytesField, fixed64Field, varintField } from './protobuf.ts'
import type { Span } from './span.ts'

/** `SPAN_KIND_SERVER` */
const SERVER = 2n
const STATUS = { unset: 0n, ok: 1n, error: 2n } as const

/** The request in protobuf. */
export function otlpRequest(spans: readonly Span[]): Buffer {
  const resource = bytesField(1, bytesField(1, attribute('service.name', 'otoroshi')))
  const scope = bytesField(1, bytesField(1, 'otoroshi'))
  const scopeSpans = bytesField(
    2,
    Buffer.concat([scope, ...spans.map(span => bytesField(2, spanMessage(span)))]),
  )
  return bytesField(1, Buffer.concat([resource, scopeSpans]))
}

function spanMessage(span: Span): Buffer {
  return Buffer.concat([
    bytesField(1, Buffer.from(span.traceId, 'hex')),
    bytesField(2, Buffer.from(span.spanId, 'hex')),
    bytesField(3, span.traceState),
    bytesField(4, Buffer.from(span.parentId, 'hex')),
    bytesField(5, span.name),
    varintField(6, SERVER),
    fixed64Field(7, span.start),
    fixed64Field(8, span.end),
    ...[...span.attributes].map(([key, value]) => bytesField(9, attribute(key, value))),
    ...span.events.map(event =>
      bytesField(11, Buffer.concat([fixed64Field(1, event.at), bytesField(2, event.name)])),
    ),
    bytesField(15, varintField(3, STATUS[span.status])),
  ])
}

/** `KeyValue` with a string or a whole number. */
function attribute(key: string, value: string | number): Buffer {
  const any = typeof value === 'string' ? bytesField(1, value) : varintField(3, BigInt(value))
  return Buffer.concat([bytesField(1, key), bytesField(2, any)])
}
