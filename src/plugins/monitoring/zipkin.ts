/** Spans as Zipkin takes them (API v2, JSON). */
import type { Span } from './span.ts'

/** The body of a call to `/api/v2/spans`. */
export function zipkinSpans(spans: readonly Span[]): Buffer {
  return Buffer.from(JSON.stringify(spans.map(zipkinSpan)))
}

function zipkinSpan(span: Span): Record<string, unknown> {
  const tags: Record<string, string> = {}
  for (const [key, value] of span.attributes) tags[key] = String(value)
  if (span.status !== 'unset') tags['otel.status_code'] = span.status.toUpperCase()
  if (span.status === 'error') tags['error'] = 'true'
  return {
    traceId: span.traceId,
    id: span.spanId,
    ...(span.parentId !== '' && { parentId: span.parentId }),
    kind: 'SERVER',
    name: span.name,
    timestamp: microseconds(span.start),
    // Zipkin takes zero for unknown.
    duration: Math.max(1, microseconds(span.end - span.start)),
    localEndpoint: { serviceName: 'otoroshi' },
    annotations: span.events.map(({ name, at }) => ({ timestamp: microseconds(at), value: name })),
    tags,
  }
}

function microseconds(time: bigint): number {
  return Number(time / 1000n)
}
