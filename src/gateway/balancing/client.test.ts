import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backendOf, seeded } from './testing/balancing.ts'
import { compileBackend, compileProxy, compileWildcard, MOST_DELAY } from './index.ts'
import { compileRetry } from './retry.ts'

describe('retries', () => {
  it('wait as upstream does: initial delay times factor to the power of waits', () => {
    const { retry } = backendOf({ client: { retries: 5, retry_initial_delay: 50, backoff_factor: 2 } }).client
    assert.equal(retry.attempts, 5)
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(attempt => retry.delayBefore(attempt)),
      [0, 50, 100, 200, 400],
    )
  })

  it('have an end to their growth, and are at least one attempt', () => {
    const plan = (attempts: number, initialDelay: number, factor: number, jitter?: number) =>
      compileRetry({ attempts, initialDelay, factor, ...(jitter !== undefined && { jitter }) })
    assert.equal(plan(0, 50, 2).attempts, 1)
    assert.equal(plan(1e9, 50, 10).delayBefore(1e6), MOST_DELAY)
    assert.equal(plan(9, 0, 10).delayBefore(1e6), 0)
    assert.equal(plan(9, 50, 0).delayBefore(3), 0)
    assert.equal(plan(9, 50, 1).delayBefore(9), 50)
    const random = seeded(5)
    const delays = Array.from({ length: 1000 }, () => plan(9, 100, 1, 0.5).delayBefore(2, random))
    assert.ok(Math.min(...delays) >= 50 && Math.max(...delays) <= 100)
    assert.ok(Math.max(...delays) - Math.min(...delays) > 45)
  })

  it('refuse a factor that is none', () => {
    for (const backoff_factor of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(compileBackend({ targets: [], client: { backoff_factor } }).ok, false)
  })
})

describe('timeouts', () => {
  const backend = backendOf({
    client: {
      connection_timeout: 1,
      idle_timeout: 2,
      call_and_stream_timeout: 3,
      call_timeout: 4,
      global_timeout: 2 ** 40,
      custom_timeouts: [
        { path: '/api/*/export?*', call_timeout: 90_000 },
        { path: '/api/*', call_timeout: 10 },
        { path: '/api/late', call_timeout: 99 },
      ],
    },
  })

  it('are those of the first rule that matches path and query, else the backend’s', () => {
    const call = (path: string) => backend.timeoutsFor(path).call
    assert.equal(call('/'), 4)
    assert.equal(call('/api'), 4)
    assert.equal(call('/api/'), 10)
    assert.equal(call('/api/late'), 10)
    assert.equal(call('/api/v1/export'), 10)
    assert.equal(call('/api/v1/export?all=1'), 90_000)
    assert.equal(call('/API/x'), 4)
  })

  it('take what the rule does not say from its defaults, and are no longer than a timer runs', () => {
    assert.deepEqual(backend.timeoutsFor('/api/'), {
      index: 2,
      pattern: '/api/*',
      connection: 10_000,
      idle: 60_000,
      callAndStream: 3_600_000,
      call: 10,
      global: 30_000,
    })
    assert.equal(backend.timeoutsFor('/').global, 2 ** 31 - 1)
  })

  it('are the same object each time: nothing is made per request', () => {
    assert.equal(backend.timeoutsFor('/api/1'), backend.timeoutsFor('/api/2'))
    assert.equal(backend.timeoutsFor('/x'), backend.timeoutsFor('/y'))
  })

  it('are a thousand rules at most', () => {
    const rules = (count: number) => ({ targets: [], client: { custom_timeouts: new Array(count).fill({}) } })
    assert.equal(compileBackend(rules(1000)).ok, true)
    assert.equal(compileBackend(rules(1001)).ok, false)
  })
})

describe('the outgoing proxy', () => {
  it('counts only with a host and a port', () => {
    for (const proxy of [{}, { host: 'p' }, { port: 3128 }, { host: '', port: 3128 }, { host: 'p', port: 0 }])
      assert.equal(backendOf({ client: { proxy } }).client.proxy, null)
    for (const port of [65536, 1.5, '3128', Number.NaN]) assert.equal(compileProxy({ host: 'p', port }), null)
    const plan = backendOf({ client: { proxy: { host: 'p', port: 3128, principal: 'me', password: 'pw' } } })
    assert.deepEqual(plan.client.proxy, {
      host: 'p',
      port: 3128,
      protocol: 'http',
      principal: 'me',
      password: 'pw',
      direct: [],
    })
  })

  it('is passed by for the hosts named, whatever the case', () => {
    const plan = compileProxy({
      host: 'p',
      port: 1,
      nonProxyHosts: ['*.Internal.test', 'localhost', '10.*', 7],
    })!
    const direct = (host: string) => plan.direct.some(matches => matches(host))
    for (const host of ['a.internal.test', 'A.B.INTERNAL.TEST', 'localhost', '10.1.2.3'])
      assert.equal(direct(host), true, host)
    for (const host of ['internal.test', 'internal.test.evil', 'localhost.evil', '110.1.2.3', '7'])
      assert.equal(direct(host), false, host)
  })
})

describe('wildcards', () => {
  /** Every way to give the stars texts. */
  function naive(pattern: string, text: string): boolean {
    if (pattern === '') return text === ''
    if (pattern[0] === '*')
      return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)))
    return text !== '' && text[0] === pattern[0] && naive(pattern.slice(1), text.slice(1))
  }

  it('mean what trying every way means', () => {
    const random = seeded(11)
    const word = (letters: string, most: number) =>
      Array.from(
        { length: Math.floor(random() * most) },
        () => letters[Math.floor(random() * letters.length)],
      ).join('')
    let matched = 0
    for (let i = 0; i < 20_000; i++) {
      const [pattern, text] = [word('ab*', 7), word('ab\n', 8)]
      const expected = naive(pattern, text)
      assert.equal(compileWildcard(pattern)(text), expected, JSON.stringify([pattern, text]))
      if (expected) matched++
    }
    assert.ok(matched > 1000)
  })

  it('take no time whatever the pattern', () => {
    const matches = compileWildcard(`${'*a'.repeat(2000)}*b`)
    const began = performance.now()
    assert.equal(matches('a'.repeat(50_000)), false)
    assert.equal(compileWildcard(`${'*a'.repeat(2000)}*c*`)('a'.repeat(50_000)), false)
    assert.ok(performance.now() - began < 500)
  })
})
