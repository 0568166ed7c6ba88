import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerMonitoring, type MonitoringFacts } from './monitoring.ts'
import { TICK } from './rates.ts'
import {
  metricsMemory,
  moveRates,
  type RequestFigures,
  readMetrics,
  RequestMetrics,
} from './request-metrics.ts'

const figures: RequestFigures = {
  status: 200,
  ended: 'answered',
  duration: 3,
  overhead: 1,
  dataIn: 10,
  dataOut: 20,
  attempts: 1,
  upgraded: false,
}

function factsOf(more: Partial<MonitoringFacts> = {}): MonitoringFacts {
  const memory = metricsMemory(2)
  const rows = [new RequestMetrics(memory, 0), new RequestMetrics(memory, 1)]
  for (let i = 0; i < 100; i++) rows[i % 2]!.record({ ...figures, duration: i < 95 ? 3 : 900 })
  rows[1]!.record({ ...figures, status: 404, ended: 'refused', duration: 0.1 })
  return {
    datastore: 'healthy',
    ready: true,
    healthKey: null,
    metricsKey: null,
    metricsEnabled: true,
    metrics: () => readMetrics(memory),
    gauges: () => [
      { name: 'own.gauge', value: 7 },
      { name: 'own.text', value: 'words' },
    ],
    ...more,
  }
}

const ask = (
  topic: string,
  facts: MonitoringFacts,
  more: { query?: string; accept?: string; key?: string } = {},
) =>
  answerMonitoring(
    { topic, query: new URLSearchParams(more.query), accept: more.accept, keyHeader: more.key },
    facts,
  )

const jsonOf = (answer: ReturnType<typeof ask>): Record<string, unknown> => JSON.parse(answer!.body)

describe('health', () => {
  it('is told with its parts, and readiness follows it', () => {
    const facts = factsOf()
    const { status } = ask('health', facts)!
    const { otoroshi, datastore, proxy, storage } = jsonOf(ask('health', facts))
    assert.deepEqual([status, otoroshi, datastore], [200, 'healthy', 'healthy'])
    assert.deepEqual(
      [proxy, storage],
      [
        { initialized: true, status: 'healthy' },
        { initialized: true, status: 'healthy' },
      ],
    )
    assert.deepEqual(jsonOf(ask('ready', facts)), { ready: true })
    assert.deepEqual(jsonOf(ask('startup', facts)), { started: true })
    assert.deepEqual(jsonOf(ask('live', facts)), { live: true })
  })

  for (const [name, more, otoroshi] of [
    ['the store is away', { datastore: 'unreachable' }, 'down'],
    ['there is no revision', { ready: false }, 'unhealthy'],
  ] as const)
    it(`is bad while ${name}, and the process lives all the same`, () => {
      const facts = factsOf(more)
      assert.deepEqual(
        ['health', 'ready', 'startup', 'live'].map(topic => ask(topic, facts)!.status),
        [503, 503, 503, 200],
      )
      assert.equal(jsonOf(ask('health', facts))['otoroshi'], otoroshi)
      assert.deepEqual(jsonOf(ask('ready', facts)), { ready: false })
    })

  it('wants its key where there is one, in the query or the header', () => {
    const facts = factsOf({ healthKey: 'h', metricsKey: 'm' })
    for (const topic of ['health', 'live', 'ready', 'startup']) {
      assert.equal(ask(topic, facts)!.status, 401)
      assert.equal(ask(topic, facts, { query: 'access_key=m' })!.status, 401)
      for (const way of [{ query: 'access_key=h' }, { query: 'X-Access-Key=h' }, { key: 'h' }])
        assert.equal(ask(topic, facts, way)!.status, 200)
    }
    assert.equal(ask('metrics', facts, { query: 'access_key=h' })!.status, 401)
    assert.equal(ask('metrics', facts, { query: 'access_key=m' })!.status, 200)
  })

  it('is all there is', () => assert.equal(ask('secrets', factsOf()), null))
})

describe('metrics', () => {
  const metricsOf = (answer: ReturnType<typeof ask>) =>
    JSON.parse(answer!.body) as {
      name: string
      type: string
      count?: number
      value?: unknown
      p50?: number
    }[]

  it('add up over threads', () => {
    const metrics = new Map(metricsOf(ask('metrics', factsOf())).map(metric => [metric.name, metric]))
    assert.equal(metrics.get('otoroshi.requests')?.count, 101)
    assert.equal(metrics.get('otoroshi.requests.refused')?.count, 1)
    assert.equal(metrics.get('otoroshi.responses.2xx')?.count, 100)
    assert.equal(metrics.get('otoroshi.responses.4xx')?.count, 1)
    assert.equal(metrics.get('otoroshi.internals.global.data-out')?.value, 2020)
    assert.equal(metrics.get('own.gauge')?.value, 7)
  })

  it('tell quantiles of durations within a factor of the square root of two', () => {
    const [timer] = metricsOf(
      ask('metrics', factsOf(), { query: 'filter=ng-report-request-duration*' }),
    ) as unknown as [Record<string, number>]
    assert.ok(timer['p50']! >= 3 && timer['p50']! <= 3 * Math.SQRT2, String(timer['p50']))
    assert.ok(timer['p98']! >= 900 && timer['p98']! <= 900 * Math.SQRT2, String(timer['p98']))
    assert.ok(Math.abs(timer['mean']! - (95 * 3 + 5 * 900 + 0.1) / 101) < 0.01)
    assert.equal(timer['min'], 0.25)
    assert.ok(timer['max']! >= 900 && timer['max']! <= 900 * Math.SQRT2)
    // Of 95 at 3, 5 at 900 and one at 0.1.
    assert.ok(Math.abs(timer['stddev']! - 195) < 20, String(timer['stddev']))
  })

  it('tell the overhead apart, in finer steps', () => {
    const memory = metricsMemory(1)
    const row = new RequestMetrics(memory, 0)
    for (let i = 0; i < 10; i++) row.record({ ...figures, duration: 50, overhead: 0.1 })
    const answer = ask('metrics', factsOf({ metrics: () => readMetrics(memory) }))
    const named = new Map(metricsOf(answer).map(metric => [metric.name, metric]))
    const { p50 } = named.get('ng-report-request-overhead')!
    assert.ok(p50! >= 0.1 && p50! <= 0.1 * Math.SQRT2, String(p50))
    const gauge = named.get('otoroshi.internals.global.upstream-latency')?.value
    assert.ok(Math.abs(Number(gauge) - 49.9) < 1e-6)
  })

  it('count how requests ended, and take no time for what never was one', () => {
    const memory = metricsMemory(1)
    const row = new RequestMetrics(memory, 0)
    row.record(figures)
    row.record({ ...figures, ended: 'cut' })
    row.record({ ...figures, ended: 'left' })
    row.record({ ...figures, ended: 'refused', status: 500 })
    row.record({ ...figures, ended: 'refused', status: 400, duration: -1, overhead: -1 })
    const counts = new Map(
      metricsOf(ask('metrics', factsOf({ metrics: () => readMetrics(memory) }))).map(m => [m.name, m]),
    )
    const count = (name: string) => counts.get(name)?.count
    assert.deepEqual(
      ['requests', 'requests.refused', 'requests.cut', 'requests.left'].map(n => count(`otoroshi.${n}`)),
      [5, 2, 1, 1],
    )
    assert.deepEqual([count('errors.client'), count('errors.server')], [1, 1])
    assert.deepEqual(
      ['duration', 'overhead'].map(name => count(`ng-report-request-${name}`)),
      [4, 4],
    )
  })

  it('tell requests per second as averages over one, five and fifteen minutes', () => {
    const memory = metricsMemory(1)
    const row = new RequestMetrics(memory, 0)
    const rates = () => {
      const answer = ask('metrics', factsOf({ metrics: () => readMetrics(memory) }))
      const timer = metricsOf(answer).find(({ name }) => name === 'ng-report-request-duration')
      const { m1_rate, m5_rate, m15_rate, mean_rate } = timer as unknown as Record<string, number>
      return [m1_rate, m5_rate, m15_rate, mean_rate]
    }
    let now = 1_000_000
    const tick = (requests: number): void => {
      for (let i = 0; i < requests; i++) row.record(figures)
      moveRates(memory, (now += TICK))
    }
    tick(0)
    for (let i = 0; i < 3; i++) tick(50)
    assert.deepEqual(rates(), [10, 10, 10, 10])
    // A minute without any: the average over one minute falls to 1/e of what it was.
    for (let i = 0; i < 12; i++) tick(0)
    const [one, five, fifteen, mean] = rates()
    assert.ok(Math.abs(one! - 10 / Math.E) < 1e-9)
    assert.ok(Math.abs(five! - 10 * Math.exp(-1 / 5)) < 1e-9)
    assert.ok(Math.abs(fifteen! - 10 * Math.exp(-1 / 15)) < 1e-9)
    assert.equal(mean, 2)
  })

  it('come in the form asked for', () => {
    const facts = factsOf()
    const typeOf = (query: string, accept?: string): string =>
      ask('metrics', facts, { query, ...(accept !== undefined && { accept }) })!.contentType
    assert.equal(typeOf(''), 'application/json')
    assert.equal(typeOf('', '*/*'), 'application/json')
    assert.equal(typeOf('', 'application/prometheus'), 'text/plain; version=0.0.4')
    assert.equal(typeOf('format=prom', 'application/json'), 'text/plain; version=0.0.4')
    const raw = jsonOf(ask('metrics', facts, { query: 'format=old_json' }))
    assert.deepEqual(Object.keys(raw), [
      'names',
      'gauges',
      'counters',
      'histograms',
      'meters',
      'timers',
      'metrics',
    ])
    assert.deepEqual((raw['counters'] as Record<string, unknown>)['otoroshi.requests {} {}'], { count: 101 })
  })

  it('are text that Prometheus reads', () => {
    const { body } = ask('metrics', factsOf(), { query: 'format=prometheus' })!
    for (const line of body.trimEnd().split('\n'))
      assert.match(
        line,
        /^(# TYPE [a-zA-Z_:][\w:]* (gauge|counter|summary)|[a-zA-Z_:][\w:]*(\{quantile="[\d.]+"\})? -?[\d.e+-]+)$/,
      )
    assert.match(body, /^# TYPE otoroshi_requests counter\notoroshi_requests 101$/m)
    assert.match(body, /^ng_report_request_duration_count 101$/m)
    assert.match(body, /^ng_report_request_duration\{quantile="0\.5"\} 0\.00[34]\d*$/m)
    assert.doesNotMatch(body, /own_text/)
  })

  it('are filtered by a wildcard', () => {
    const names = metricsOf(ask('metrics', factsOf(), { query: 'filter=otoroshi.responses.*' })).map(
      m => m.name,
    )
    assert.deepEqual(
      names,
      ['1xx', '2xx', '3xx', '4xx', '5xx'].map(cls => `otoroshi.responses.${cls}`),
    )
    const { body } = ask('metrics', factsOf(), { query: 'format=prometheus&filter=own.gauge*' })!
    assert.equal(body, 'own_gauge 7\n')
  })

  it('can be switched off', () => {
    const answer = ask('metrics', factsOf({ metricsEnabled: false, metricsKey: 'm' }))
    assert.equal(answer!.status, 404)
    assert.deepEqual(jsonOf(answer), { error: 'metrics not enabled' })
  })
})
