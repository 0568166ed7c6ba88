/** Metrics in upstream's forms: an array of objects, the raw registry, and Prometheus text (format 0.0.4). */
import { wildcard } from '../expression/index.ts'
import type { Rates } from './rates.ts'
import { deviation, type Durations, type MetricTotals, mean, quantile } from './request-metrics.ts'

/** A figure about the process or the instance besides requests. */
export interface Gauge {
  readonly name: string
  readonly value: number | string | boolean
}

type Metric =
  | { readonly family: 'gauge'; readonly name: string; readonly value: number | string | boolean }
  | { readonly family: 'counter'; readonly name: string; readonly count: number }
  | { readonly family: 'timer'; readonly name: string; readonly times: Durations; readonly rates: Rates }

const QUANTILES = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999] as const

export type MetricsFormat = 'json' | 'old_json' | 'prometheus'

/** Renders the metrics. `filter`: wildcard over names, or null. */
export function renderMetrics(
  totals: MetricTotals,
  gauges: readonly Gauge[],
  format: MetricsFormat,
  filter: string | null,
): string {
  const metrics = list(totals, gauges)
  if (format === 'prometheus') return prometheus(metrics, filter)
  const matches = filter === null ? () => true : wildcard(filter)
  // Filters were written for keys that end with their (empty) tags.
  const kept = metrics.filter(
    metric => filter === null || matches(metric.name) || matches(`${metric.name} {} {}`),
  )
  return format === 'json'
    ? JSON.stringify(
        kept.map(metric => ({ ...statistics(metric), name: metric.name, type: `${metric.family}s` })),
      )
    : JSON.stringify(raw(kept))
}

function list(totals: MetricTotals, gauges: readonly Gauge[]): Metric[] {
  const { requests: calls, durations, overheads, rates } = totals
  return [
    { family: 'gauge', name: 'otoroshi.internals.global.calls', value: calls },
    { family: 'gauge', name: 'otoroshi.internals.global.duration', value: mean(durations) },
    { family: 'gauge', name: 'otoroshi.internals.global.overhead', value: mean(overheads) },
    {
      family: 'gauge',
      name: 'otoroshi.internals.global.upstream-latency',
      value: mean(durations) - mean(overheads),
    },
    { family: 'gauge', name: 'otoroshi.internals.global.data-in', value: totals.dataIn },
    { family: 'gauge', name: 'otoroshi.internals.global.data-out', value: totals.dataOut },
    ...gauges.map(gauge => ({ family: 'gauge' as const, ...gauge })),
    { family: 'gauge', name: 'otoroshi.connections', value: totals.connections },
    ...totals.statusClasses.map((count, i) => ({
      family: 'counter' as const,
      name: `otoroshi.responses.${i + 1}xx`,
      count,
    })),
    { family: 'counter', name: 'otoroshi.requests', count: calls },
    { family: 'counter', name: 'otoroshi.requests.refused', count: totals.refused },
    { family: 'counter', name: 'otoroshi.requests.cut', count: totals.cut },
    { family: 'counter', name: 'otoroshi.requests.left', count: totals.left },
    { family: 'counter', name: 'otoroshi.requests.upgraded', count: totals.upgrades },
    { family: 'counter', name: 'otoroshi.backend.attempts', count: totals.attempts },
    { family: 'counter', name: 'errors.client', count: totals.unread },
    { family: 'counter', name: 'errors.server', count: totals.failed },
    { family: 'timer', name: 'ng-report-request-duration', times: durations, rates },
    { family: 'timer', name: 'ng-report-request-overhead', times: overheads, rates },
  ]
}

function statistics(metric: Metric): Record<string, unknown> {
  if (metric.family === 'gauge') return { value: metric.value }
  if (metric.family === 'counter') return { count: metric.count }
  const { times, rates } = metric
  return {
    count: times.count,
    max: quantile(times, 1),
    mean: mean(times),
    min: quantile(times, 0),
    ...Object.fromEntries(QUANTILES.map(q => [`p${String(q * 100).replace('.', '')}`, quantile(times, q)])),
    stddev: deviation(times),
    m15_rate: rates.fifteen,
    m1_rate: rates.one,
    m5_rate: rates.five,
    mean_rate: rates.mean,
    duration_units: 'milliseconds',
    rate_units: 'calls/second',
  }
}

function raw(metrics: readonly Metric[]): Record<string, unknown> {
  const families: Record<string, Record<string, unknown>> = {
    gauges: {},
    counters: {},
    histograms: {},
    meters: {},
    timers: {},
  }
  for (const metric of metrics) families[`${metric.family}s`]![`${metric.name} {} {}`] = statistics(metric)
  return {
    names: metrics.map(metric => metric.name),
    ...families,
    metrics: Object.assign({}, ...Object.values(families)),
  }
}

function prometheus(metrics: readonly Metric[], filter: string | null): string {
  const lines: string[] = []
  for (const metric of metrics) {
    const name = metric.name.replace(/[^a-zA-Z0-9:_]/g, '_')
    if (metric.family === 'timer') {
      lines.push(`# TYPE ${name} summary`)
      const { times } = metric
      for (const q of QUANTILES) lines.push(`${name}{quantile="${q}"} ${quantile(times, q) / 1000}`)
      lines.push(`${name}_count ${times.count}`, `${name}_sum ${times.sum / 1000}`)
      continue
    }
    const value = metric.family === 'counter' ? metric.count : Number(metric.value)
    if (metric.family === 'gauge' && typeof metric.value === 'string') continue
    lines.push(`# TYPE ${name} ${metric.family}`, `${name} ${value}`)
  }
  const matches = filter === null ? () => true : wildcard(filter.replaceAll('.', '_'))
  return lines
    .filter(line => matches(line))
    .map(line => `${line}\n`)
    .join('')
}
