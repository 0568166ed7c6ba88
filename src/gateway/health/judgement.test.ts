import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { healthCheckSchema } from '../../model/types/health-check.ts'
import { parse } from '../../schema/index.ts'
import { findPatterns, compilePatterns, MOST_TEXT } from './body-patterns.ts'
import { compileHealthCheck, type HealthCheck, isTextual, judge, type ProbeAnswer } from './index.ts'

function checkOf(json: Record<string, unknown> = {}): HealthCheck {
  const parsed = parse(healthCheckSchema, { enabled: true, ...json })
  assert.ok(parsed.ok)
  return compileHealthCheck(parsed.value)!
}

function answerOf(about: Partial<ProbeAnswer> = {}): ProbeAnswer {
  return { status: 200, contentType: 'text/plain', logicResult: undefined, text: '', ...about }
}

const health = (json: Record<string, unknown>, about: Partial<ProbeAnswer>, logic: number | null = null) =>
  judge(checkOf(json), answerOf(about), logic).health

describe('the judgement by status', () => {
  it('without lists takes 200 to 499 as well', () => {
    for (const [status, expected] of [
      [100, 'RED'],
      [199, 'RED'],
      [200, 'GREEN'],
      [404, 'GREEN'],
      [499, 'GREEN'],
      [500, 'RED'],
      [599, 'RED'],
    ] as const)
      assert.equal(health({}, { status }), expected, `${status}`)
  })

  it('with lists takes only what is listed, the unhealthy first', () => {
    const lists = { healthyStatuses: [200, 503, 418], unhealthyStatuses: [404, 418] }
    for (const [status, expected] of [
      [200, 'GREEN'],
      [503, 'GREEN'],
      [404, 'RED'],
      [418, 'RED'],
      [201, 'RED'],
    ] as const)
      assert.equal(health(lists, { status }), expected, `${status}`)
  })

  it('with unhealthy statuses alone does not condemn every other answer', () => {
    const lists = { unhealthyStatuses: [404] }
    assert.equal(health(lists, { status: 200 }), 'GREEN')
    assert.equal(health(lists, { status: 404 }), 'RED')
    assert.equal(health(lists, { status: 503 }), 'RED')
  })
})

describe('the logic check', () => {
  it('expects the number and 42 more', () => {
    assert.equal(health({}, { logicResult: '142' }, 100), 'GREEN')
    assert.equal(health({}, { logicResult: ' 142 ' }, 100), 'GREEN')
    for (const logicResult of ['100', '', undefined, '142.0', '0142', '142,142'])
      assert.equal(health({}, { logicResult }, 100), 'YELLOW', String(logicResult))
    assert.equal(health({}, { logicResult: '142', status: 500 }, 100), 'RED')
    assert.deepEqual(judge(checkOf(), answerOf({ status: 500, logicResult: '142' }), 100).logicOk, true)
  })
})

describe('the judgement by body', () => {
  const up = { healthyRegexChecks: ['"status"\\s*:\\s*"UP"'], unhealthyRegexChecks: ['DOWN', 'dégradé'] }

  it('wants nothing unhealthy and something healthy', () => {
    assert.equal(health(up, { text: '{"status" : "UP"}' }), 'GREEN')
    assert.equal(health(up, { text: '{"status":"UP","db":"DOWN"}' }), 'RED')
    assert.equal(health(up, { text: '{"status":"UP","db":"dégradé"}' }), 'RED')
    assert.equal(health(up, { text: '{"status":"?"}' }), 'RED')
    assert.equal(health(up, { text: '' }), 'RED')
    assert.equal(health({ unhealthyRegexChecks: ['DOWN'] }, { text: 'x' }), 'GREEN')
    assert.equal(health({ healthyRegexChecks: ['a', 'b'] }, { text: 'xxb' }), 'GREEN')
  })

  it('outweighs the logic check, but not the status', () => {
    assert.equal(health(up, { text: '"status":"UP"' }, 1), 'GREEN')
    assert.equal(health(up, { text: '"status":"UP"', status: 500 }), 'RED')
    assert.equal(health({ ...up, healthyStatuses: [500] }, { text: '"status":"UP"', status: 500 }), 'GREEN')
  })

  it('is made of texts only', () => {
    assert.equal(health(up, { contentType: 'image/png', text: 'DOWN' }), 'GREEN')
    assert.equal(health(up, { contentType: undefined, text: 'DOWN' }, 1), 'YELLOW')
    for (const type of [
      'text/plain',
      'TEXT/x',
      'application/json; charset=utf-8',
      'application/problem+json',
      'image/svg+xml',
      'application/yaml',
      'application/javascript',
      'application/x-www-form-urlencoded',
    ])
      assert.equal(isTextual(type), true, type)
    for (const type of [undefined, '', 'application/octet-stream', 'image/png', 'application/text/plain'])
      assert.equal(isTextual(type), false, String(type))
  })
})

describe('expressions', () => {
  it('are Java’s: what they say differently here is refused, not misread', () => {
    const found = (source: string, text: string) => {
      const compiled = compilePatterns([source])
      assert.ok(compiled.ok)
      return findPatterns(compiled.patterns, text)[0]
    }
    assert.equal(found('(?i)ok', 'all OK here'), true)
    assert.equal(found('^ok$', 'not ok'), false)
    assert.equal(found('(?m)^ok$', 'not\nok\n'), true)
    for (const source of ['(', '[a', 'a{2000}', '(?x) a', 'a'.repeat(5000)])
      assert.equal(compilePatterns([source]).ok, false, source.slice(0, 20))
    assert.equal(compilePatterns(new Array(101).fill('a')).ok, false)
  })

  it('make the whole check a fault when one is none: it judges nobody', () => {
    const check = checkOf({ healthyRegexChecks: ['ok', '('] })
    assert.match(check.fault!, /invalid regular expression "\("/)
    assert.equal(checkOf({ healthyRegexChecks: ['ok'] }).fault, null)
  })

  it('that never end are ended; those before them were decided, those behind were not', () => {
    const text = `${'a'.repeat(40)}b`
    const slow = { healthyRegexChecks: ['(?=(?:(?:a+)+)+c)'] }
    const began = performance.now()
    const judged = judge(checkOf(slow), answerOf({ text }), null)
    assert.ok(performance.now() - began < 1000)
    assert.deepEqual(judged, { health: 'RED', logicOk: true, undecided: 1 })
    const unhealthy = judge(
      checkOf({ unhealthyRegexChecks: ['zzz', '(?=(?:(?:a+)+)+c)', 'b'] }),
      answerOf({ text }),
      null,
    )
    assert.deepEqual(unhealthy, { health: 'GREEN', logicOk: true, undecided: 2 })
    // And the next check works.
    assert.deepEqual(judge(checkOf({ healthyRegexChecks: ['ab'] }), answerOf({ text }), null).health, 'GREEN')
  })

  it('see the beginning of a body only', () => {
    assert.equal(health({ healthyRegexChecks: ['x'] }, { text: `${' '.repeat(MOST_TEXT - 1)}x` }), 'GREEN')
    assert.equal(health({ healthyRegexChecks: ['x'] }, { text: `${' '.repeat(MOST_TEXT)}x` }), 'RED')
  })
})

describe('what is called', () => {
  it('is always a path on the target', () => {
    for (const [url, path] of [
      ['', '/'],
      ['/health', '/health'],
      ['health?a=b#c', '/health?a=b'],
      ['@evil.test/', '/@evil.test/'],
      [':81/x', '/:81/x'],
      ['http://evil.test/x', '/http://evil.test/x'],
      ['/é x', '/%C3%A9%20x'],
      ['/a\r\nHost: evil', '/a%0D%0AHost:%20evil'],
      ['/\ud800', '/%EF%BF%BD'],
      ['  /x  ', '/x'],
    ] as const)
      assert.equal(checkOf({ url }).path, path, url)
    assert.notEqual(checkOf({ url: 'x'.repeat(9000) }).fault, null)
  })

  it('is waited for, but not for ever', () => {
    assert.equal(checkOf().timeout, 5000)
    assert.equal(checkOf({ timeout: 0 }).timeout, 5000)
    assert.equal(checkOf({ timeout: 1 }).timeout, 1)
    assert.equal(checkOf({ timeout: 10 ** 12 }).timeout, 60_000)
  })

  it('is nothing when the check is off', () => {
    const parsed = parse(healthCheckSchema, { url: '/x' })
    assert.ok(parsed.ok)
    assert.equal(compileHealthCheck(parsed.value), null)
  })
})
