/** Answers of the monitoring endpoints: health, live, ready, startup, metrics. Pure functions over given facts. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Gauge, type MetricsFormat, renderMetrics } from './metrics-report.ts'
import type { MetricTotals } from './request-metrics.ts'

/** The facts of one moment. */
export interface MonitoringFacts {
  readonly datastore: 'healthy' | 'unreachable' | 'unknown'
  /** The thread serves a revision. */
  readonly ready: boolean
  readonly healthKey: string | null
  readonly metricsKey: string | null
  readonly metricsEnabled: boolean
  readonly metrics: () => MetricTotals
  readonly gauges: () => readonly Gauge[]
}

export interface MonitoringAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Question about the instance: the last part of the path, and what came with it. */
export interface MonitoringQuestion {
  readonly topic: string
  readonly query: URLSearchParams
  readonly accept: string | undefined
  /** Value of the header `X-Access-Key`, if any. */
  readonly keyHeader: string | undefined
}

/** Answers a monitoring path; null when there is no such topic. */
export function answerMonitoring(
  question: MonitoringQuestion,
  facts: MonitoringFacts,
): MonitoringAnswer | null {
  const { topic } = question
  if (!['health', 'live', 'ready', 'startup', 'metrics'].includes(topic)) return null
  if (topic === 'metrics' && !facts.metricsEnabled) return json(404, { error: 'metrics not enabled' })
  const key = topic === 'metrics' ? facts.metricsKey : facts.healthKey
  if (key !== null && !holdsKey(question, key)) return json(401, { error: 'unauthorized' })
  if (topic === 'live') return json(200, { live: true })
  if (topic === 'metrics') return metrics(question, facts)
  const document = health(facts)
  if (topic === 'health') return json(document.ok ? 200 : 503, document.json)
  const field = topic === 'ready' ? 'ready' : 'started'
  return json(document.ok ? 200 : 503, { [field]: document.ok })
}

function holdsKey({ query, keyHeader }: MonitoringQuestion, key: string): boolean {
  const given = query.get('access_key') ?? query.get('X-Access-Key') ?? keyHeader
  return given !== undefined && given !== null && timingSafeEqual(digest(given), digest(key))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The store being away does not stop the proxying, but whoever runs the instance wants to know. */
function health(facts: MonitoringFacts): { ok: boolean; json: unknown } {
  const datastore = facts.datastore === 'unknown' ? 'healthy' : facts.datastore
  const ok = datastore === 'healthy' && facts.ready
  return {
    ok,
    json: {
      otoroshi: datastore === 'unreachable' ? 'down' : facts.ready ? 'healthy' : 'unhealthy',
      datastore,
      proxy: { initialized: facts.ready, status: facts.ready ? 'healthy' : 'down' },
      storage: { initialized: true, status: datastore },
      eventstore: { initialized: false, status: 'unknown' },
      certificates: { initialized: true, status: 'loaded' },
      scripts: { compiling: false, initialized: true, status: 'loaded' },
    },
  }
}

function metrics({ query, accept }: MonitoringQuestion, facts: MonitoringFacts): MonitoringAnswer {
  const format = formatOf(query.get('format'), accept)
  const body = renderMetrics(facts.metrics(), facts.gauges(), format, query.get('filter'))
  return {
    status: 200,
    contentType: format === 'prometheus' ? 'text/plain; version=0.0.4' : 'application/json',
    body,
  }
}

function formatOf(format: string | null, accept = ''): MetricsFormat {
  if (format === 'old_json' || format === 'old') return 'old_json'
  if (format === 'json') return 'json'
  if (format === 'prometheus' || format === 'prom') return 'prometheus'
  if (accept.includes('application/json') || accept.includes('*/*')) return 'json'
  return accept.includes('application/prometheus') ? 'prometheus' : 'json'
}

function json(status: number, value: unknown): MonitoringAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) }
}
