import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import { SharedCells } from '../../limits/cells.ts'
import { inThreads } from '../../limits/testing/in-threads.ts'
import { backendOf, chooserOf, contextOf, idsOf, tally, targetsOf } from '../balancing/testing/balancing.ts'
import type { CompiledBackend } from '../balancing/index.ts'
import { HealthChecks, type HealthCheckSettings, HealthMark, type HealthOutcome } from './index.ts'
import type { ProbeRequest, ProbeResult } from './index.ts'

const START = 1_800_000_000_000

const defaults: HealthCheckSettings = {
  interval: 60_000,
  initialDelay: 10_000,
  parallel: 4,
  ttl: 60_000,
  ttlOnly: true,
  blockOnRed: false,
  logicHeader: 'Logic',
  logicResultHeader: 'Logic-Result',
}

/** An answer; with the logic check done unless said otherwise. */
function answer(
  status = 200,
  headers: Record<string, string> = {},
  body = '',
): (r: ProbeRequest) => ProbeResult {
  return request => {
    const logic = request.headers.find(([name]) => name === 'Logic')?.[1]
    const all: Record<string, string> = {
      ...(logic && { 'logic-result': `${Number(logic) + 42}` }),
      ...headers,
    }
    return { status, header: name => all[name], body: Buffer.from(body) }
  }
}

interface Call {
  readonly id: string
  readonly request: ProbeRequest
}

function checksOf(settings: Partial<HealthCheckSettings> = {}, cells = new SharedCells()) {
  const state = {
    cells,
    now: START,
    calls: [] as Call[],
    outcomes: [] as HealthOutcome[],
    probe: async (_id: string, request: ProbeRequest): Promise<ProbeResult> => answer()(request),
  }
  const checks = new HealthChecks(
    { ...defaults, ...settings },
    {
      cells,
      probe: (target, request) => {
        state.calls.push({ id: target.id, request })
        return state.probe(target.id, request)
      },
      clock: () => state.now,
      onOutcome: outcome => state.outcomes.push(outcome),
    },
  )
  return { checks, state }
}

function checked(count: number, health_check: Record<string, unknown> = {}): CompiledBackend {
  return backendOf({
    targets: targetsOf(...Array.from({ length: count }, () => ({}))),
    health_check: { enabled: true, url: '/health', ...health_check },
  })
}

const settled = () => new Promise(resolve => setImmediate(resolve))

describe('a round of checks', () => {
  it('asks each target of each route that wants it, and tells what it found', async () => {
    const { checks, state } = checksOf()
    checks.put('r1', 'one', checked(2))
    checks.put('r2', 'two', checked(1, { logicCheck: false, timeout: 77 }))
    checks.put('r3', 'three', backendOf({ targets: targetsOf({}) }))
    checks.put('r4', 'four', checked(0))
    checks.put('r5', 'five', null)
    assert.equal(checks.size, 3)
    state.probe = async (id, request) => {
      state.now += 5
      return answer(id === 'b' ? 503 : 204)(request)
    }
    await checks.round()
    assert.deepEqual(
      state.calls.map(({ id, request }) => [
        id,
        request.routeId,
        request.method,
        request.path,
        request.timeout,
      ]),
      [
        ['a', 'r1', 'GET', '/health', 5000],
        ['b', 'r1', 'GET', '/health', 5000],
        ['a', 'r2', 'GET', '/health', 77],
      ],
    )
    assert.deepEqual(
      state.calls.map(({ request }) => request.headers.length),
      [1, 1, 0],
    )
    assert.ok(state.calls.every(({ request }) => request.mostBody === 0))
    const [a, b] = state.outcomes
    assert.deepEqual(
      [a!.routeName, a!.url, a!.status, a!.health, a!.logicOk, a!.error, a!.markedUntil, a!.at],
      ['one', 'http://a.test:8080/health', 204, 'GREEN', true, null, null, START],
    )
    assert.deepEqual([b!.health, b!.status, b!.markedUntil], ['RED', 503, null])
    assert.ok(b!.duration > 0)
  })

  it('has at most so many calls at once, and does not begin anew while it lasts', async () => {
    const { checks, state } = checksOf({ parallel: 3 })
    checks.put('r', 'r', checked(10))
    let [running, most] = [0, 0]
    state.probe = async (_, request) => {
      most = Math.max(most, ++running)
      await settled()
      running--
      return answer()(request)
    }
    await Promise.all([checks.round(), checks.round()])
    assert.deepEqual([most, state.calls.length], [3, 10])
    await checks.round()
    assert.equal(state.calls.length, 20)
  })

  it('reads bodies only for expressions, and only their beginning', async () => {
    const { checks, state } = checksOf()
    checks.put('r', 'r', checked(1, { healthyRegexChecks: ['end$'] }))
    state.probe = async (_, request) =>
      answer(200, { 'content-type': 'text/plain' }, `${'x'.repeat(65_533)}end and more`)(request)
    await checks.round()
    assert.deepEqual([state.calls[0]!.request.mostBody, state.outcomes[0]!.health], [65_536, 'GREEN'])
  })

  it('gives a call up at its time limit, and goes on', async () => {
    const { checks, state } = checksOf({ parallel: 1 })
    checks.put('r', 'r', checked(3, { timeout: 15 }))
    const signals: AbortSignal[] = []
    state.probe = (id, request) => {
      signals.push(request.signal)
      if (id === 'a') return new Promise(() => {})
      if (id === 'b') throw new Error('at once')
      return Promise.reject(new Error('ECONNREFUSED'))
    }
    await checks.round()
    assert.deepEqual(
      state.outcomes.map(({ health, status, error }) => [health, status, error]),
      [
        ['BLACK', 0, 'no answer within 15 ms'],
        ['BLACK', 0, 'at once'],
        ['BLACK', 0, 'ECONNREFUSED'],
      ],
    )
    assert.deepEqual(
      signals.map(signal => signal.aborted),
      [true, false, false],
    )
  })

  it('is not stopped by a listener that throws', async () => {
    const cells = new SharedCells()
    const seen: string[] = []
    const checks = new HealthChecks(defaults, {
      cells,
      probe: async (target, request) => {
        seen.push(target.id)
        return answer()(request)
      },
      clock: Date.now,
      onOutcome: () => {
        throw new Error('listener')
      },
    })
    checks.put('r', 'r', checked(6))
    await checks.round()
    assert.equal(seen.length, 6)
  })

  it('sends another number each time', async () => {
    const { checks, state } = checksOf()
    checks.put('r', 'r', checked(20))
    await checks.round()
    const numbers = new Set(state.calls.map(({ request }) => request.headers[0]![1]))
    assert.equal(numbers.size, 20)
  })

  it('leaves targets whose host comes from the request alone', () => {
    const { checks } = checksOf()
    const targets = targetsOf({ hostname: '${req.headers.x}' }, {})
    checks.put('r', 'r', backendOf({ targets, health_check: { enabled: true } }))
    assert.equal(checks.size, 1)
  })
})

describe('the marks of a round', () => {
  const choices = (backend: CompiledBackend, cells: SharedCells, now: number) =>
    tally(idsOf(chooserOf(backend, { cells }), 10, () => contextOf({ now })))

  it('take out what is silent, and what is RED where that is asked for', async () => {
    for (const [settings, health_check, status, expected] of [
      [{}, {}, 500, { a: 5, b: 5 }],
      [{}, { blockOnRed: true }, 500, { b: 10 }],
      [{ blockOnRed: true }, {}, 500, { b: 10 }],
      [{ blockOnRed: true }, { blockOnRed: true }, 200, { a: 5, b: 5 }],
      [{}, {}, 0, { b: 10 }],
    ] as const) {
      const { checks, state } = checksOf(settings)
      const backend = checked(2, health_check)
      checks.put('r', 'r', backend)
      state.probe = async (id, request) => {
        if (id === 'a' && status === 0) throw new Error('silent')
        return answer(id === 'a' ? status : 200)(request)
      }
      await checks.round()
      assert.deepEqual(choices(backend, state.cells, state.now), expected, JSON.stringify([status, expected]))
    }
  })

  it('last until the next round can renew them, and no longer', async () => {
    const { checks, state } = checksOf()
    const backend = checked(2)
    checks.put('r', 'r', backend)
    state.probe = async (id, request) => {
      if (id === 'a') throw new Error('silent')
      return answer()(request)
    }
    await checks.round()
    assert.equal(state.outcomes[0]!.markedUntil, START + 67_000)
    assert.deepEqual(choices(backend, state.cells, START + 66_000), { b: 10 })
    assert.deepEqual(choices(backend, state.cells, START + 68_000), { a: 5, b: 5 })
    const shorter = checksOf({ ttl: 5000 })
    shorter.checks.put('r', 'r', backend)
    shorter.state.probe = async () => Promise.reject(new Error('silent'))
    await shorter.checks.round()
    assert.equal(shorter.state.outcomes[0]!.markedUntil, START + 5000)
  })

  it('go when the target is well again, unless they are to live their life', async () => {
    for (const ttlOnly of [false, true]) {
      const { checks, state } = checksOf({ ttlOnly })
      const backend = checked(2)
      checks.put('r', 'r', backend)
      let well = false
      state.probe = async (id, request) => {
        if (id === 'a' && !well) throw new Error('silent')
        return answer()(request)
      }
      await checks.round()
      assert.deepEqual(choices(backend, state.cells, state.now), { b: 10 })
      well = true
      await checks.round()
      assert.deepEqual(choices(backend, state.cells, state.now), ttlOnly ? { b: 10 } : { a: 5, b: 5 })
    }
  })

  it('stand as long as one route has something against the server', async () => {
    const { checks, state } = checksOf({ ttlOnly: false, parallel: 1 })
    const strict = checked(2, { blockOnRed: true, healthyStatuses: [204] })
    const mild = checked(2)
    checks.put('strict', 'strict', strict)
    checks.put('mild', 'mild', mild)
    let status = 0
    state.probe = async (id, request) => {
      if (id === 'a' && status === 0) throw new Error('silent')
      return answer(id === 'a' ? status : 204)(request)
    }
    await checks.round()
    // Both have marked it; for one of them it is well again.
    status = 200
    await checks.round()
    assert.deepEqual(choices(mild, state.cells, state.now), { b: 10 })
    status = 204
    await checks.round()
    assert.deepEqual(choices(mild, state.cells, state.now), { a: 5, b: 5 })
  })

  it('are seen by every thread', async () => {
    const { checks, state } = checksOf()
    const backend = checked(2)
    checks.put('r', 'r', backend)
    state.probe = () => Promise.reject(new Error('silent'))
    await checks.round()
    const key = backend.targets[0]!.key
    const seen = await inThreads<boolean[]>(
      state.cells.memory,
      4,
      `(cells, n, { HealthMark }) => {
        const mark = new HealthMark(cells, ${JSON.stringify(key)})
        return [mark.clean, mark.bad(${START + 1000}), mark.bad(${START + 70_000}), mark.clean]
      }`,
      new URL('./marks.ts', import.meta.url).href,
    )
    // Whoever finds its time over takes it away for all: the others may see it before or after.
    for (const [, , later, clean] of seen) assert.deepEqual([later, clean], [false, true])
    assert.ok(seen.some(([clean, bad]) => !clean && bad))
  })

  it('are not made by a check that cannot be made', async () => {
    const { checks, state } = checksOf()
    const backend = checked(2, { blockOnRed: true, healthyRegexChecks: ['('] })
    checks.put('r', 'r', backend)
    await checks.round()
    assert.equal(state.calls.length, 0)
    assert.deepEqual([state.outcomes[0]!.health, state.outcomes[0]!.markedUntil], ['BLACK', null])
    assert.match(state.outcomes[0]!.error!, /invalid regular expression/)
    assert.deepEqual(choices(backend, state.cells, state.now), { a: 5, b: 5 })
  })

  it('lengthen, and shorten only when removed', () => {
    const mark = new HealthMark(new SharedCells(), 'k')
    mark.set(START + 10_000)
    mark.set(START + 5000)
    assert.equal(mark.bad(START + 9000), true)
    mark.remove()
    assert.equal(mark.clean, true)
    mark.set(Number.MAX_SAFE_INTEGER)
    assert.equal(mark.bad(START), true)
  })
})

describe('routes that change', () => {
  it('bring their targets back when the check is turned off, differs or is gone', async () => {
    for (const change of [
      (checks: HealthChecks) => checks.remove('r'),
      (checks: HealthChecks) => checks.put('r', 'r', backendOf({ targets: targetsOf({}, {}) })),
      (checks: HealthChecks) => checks.put('r', 'r', checked(2, { url: '/other' })),
    ]) {
      const { checks, state } = checksOf()
      checks.put('r', 'r', checked(2))
      state.probe = () => Promise.reject(new Error('silent'))
      await checks.round()
      const mark = new HealthMark(state.cells, 'http://a.test:8080')
      assert.equal(mark.clean, false)
      change(checks)
      assert.equal(mark.clean, true)
    }
  })

  it('keep their marks when something else changes', async () => {
    const { checks, state } = checksOf()
    checks.put('r', 'r', checked(2))
    state.probe = () => Promise.reject(new Error('silent'))
    await checks.round()
    checks.put('r', 'renamed', checked(1))
    assert.equal(new HealthMark(state.cells, 'http://a.test:8080').clean, false)
    assert.equal(new HealthMark(state.cells, 'http://b.test:8080').clean, true)
  })

  it('in the middle of a round: what is gone is neither asked, told nor marked', async () => {
    const { checks, state } = checksOf({ parallel: 1 })
    checks.put('r', 'r', checked(2))
    checks.put('s', 's', checked(1))
    checks.put('t', 't', checked(1))
    state.probe = async (_, request) => {
      if (request.routeId === 'r') {
        checks.remove('r')
        checks.put('s', 's', checked(1, { url: '/other' }))
      }
      throw new Error('silent')
    }
    await checks.round()
    assert.deepEqual(
      state.calls.map(({ request }) => request.routeId),
      ['r', 't'],
    )
    assert.deepEqual(
      state.outcomes.map(({ routeId }) => routeId),
      ['t'],
    )
  })

  it('leave no cell behind', async () => {
    const { checks, state } = checksOf()
    state.probe = () => Promise.reject(new Error('silent'))
    for (let i = 0; i < 20; i++) {
      checks.put(`r${i % 3}`, 'r', checked(1 + (i % 5)))
      await checks.round()
    }
    for (let i = 0; i < 3; i++) checks.remove(`r${i}`)
    assert.deepEqual([checks.size, state.cells.used], [0, 0])
  })
})

describe('the clock of the rounds', () => {
  afterEach(() => mock.timers.reset())

  it('waits at first, then begins a round per interval, and ends when it is closed', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const { checks, state } = checksOf()
    checks.put('r', 'r', checked(1))
    checks.start()
    checks.start()
    const after = async (milliseconds: number) => {
      mock.timers.tick(milliseconds)
      await settled()
      return state.calls.length
    }
    assert.equal(await after(9_999), 0)
    assert.equal(await after(1), 1)
    assert.equal(await after(59_999), 1)
    assert.equal(await after(1), 2)
    // A round that is still under way is not doubled.
    let finish: () => void = () => {}
    state.probe = (_, request) => new Promise(resolve => (finish = () => resolve(answer()(request))))
    assert.equal(await after(60_000), 3)
    checks.put('r', 'r', checked(1, { timeout: 60_000 }))
    finish()
    await settled()
    assert.equal(await after(60_000), 4)
    checks.close()
    await settled()
    assert.equal(state.calls[3]!.request.signal.aborted, true)
    assert.equal(await after(600_000), 4)
    assert.equal(state.cells.used, 0)
  })

  it('closing in the middle of a round ends it without a word', async () => {
    const { checks, state } = checksOf({ parallel: 2 })
    checks.put('r', 'r', checked(10))
    state.probe = () => new Promise(() => {})
    const round = checks.round()
    checks.close()
    await round
    checks.put('r', 'r', checked(1))
    assert.deepEqual([state.calls.length, state.outcomes.length, checks.size, state.cells.used], [2, 0, 0, 0])
  })
})
