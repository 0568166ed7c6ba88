import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SharedCells } from '../../../limits/cells.ts'
import type { ChoiceContext } from '../index.ts'
import {
  backendOf,
  balanced,
  chiBound,
  chiSquare,
  chooserOf,
  contextOf,
  idsOf,
  seeded,
  tally,
  targetOf,
  targetsOf,
} from '../testing/balancing.ts'
import { isStrategy } from './index.ts'

const four = [{}, {}, {}, {}]

describe('round robin', () => {
  it('gives each its turn, counting from one', () => {
    assert.deepEqual(idsOf(chooserOf(balanced('RoundRobin', ...four)), 8), [...'bcdabcda'])
  })

  it('is what an unknown or absent strategy is read as', () => {
    for (const load_balancing of [{ type: 'Sideways' }, { type: '__proto__' }, { type: 12 }, {}, undefined]) {
      const backend = backendOf({ targets: targetsOf(...four), load_balancing })
      assert.equal(backend.balancing.type, 'RoundRobin')
    }
    assert.equal(isStrategy('toString'), false)
  })

  it('gives a target as many turns as it weighs', () => {
    const backend = balanced('RoundRobin', { weight: 3 }, {}, { weight: 0 }, { weight: 2 })
    const ids = idsOf(chooserOf(backend), 60)
    assert.deepEqual(tally(ids), { a: 30, b: 10, d: 20 })
    assert.deepEqual(ids.slice(0, 6), [...'aabdda'])
  })

  it('goes on when the route is compiled anew, and is not moved by other routes', () => {
    const cells = new SharedCells()
    const backend = balanced('RoundRobin', ...four)
    const old = chooserOf(backend, { cells })
    assert.deepEqual(idsOf(old, 2), ['b', 'c'])
    const fresh = chooserOf(backend, { cells })
    old.close()
    assert.deepEqual(idsOf(fresh, 2), ['d', 'a'])
  })

  it('goes on past the end of its counter', () => {
    const cells = new SharedCells()
    const chooser = chooserOf(balanced('RoundRobin', {}, {}, {}), { cells })
    const turns = cells.open('balancing:turns:route')
    for (const start of [2 ** 31 - 3, -3]) {
      turns.set(start)
      assert.ok(Object.values(tally(idsOf(chooser, 9))).every(count => count >= 2))
    }
  })
})

describe('random', () => {
  it('draws by weight', () => {
    const ids = idsOf(chooserOf(balanced('Random', ...four)), 20_000)
    assert.ok(chiSquare(ids, { a: 0.25, b: 0.25, c: 0.25, d: 0.25 }) < chiBound[3]!)
    const weighed = idsOf(chooserOf(balanced('Random', { weight: 5 }, { weight: 3 }, { weight: 2 })), 20_000)
    assert.ok(chiSquare(weighed, { a: 0.5, b: 0.3, c: 0.2 }) < chiBound[2]!)
  })

  it('keeps to the list at both ends of chance', () => {
    for (const [value, id] of [
      [0, 'a'],
      [1 - 2 ** -53, 'd'],
    ] as const)
      assert.deepEqual(idsOf(chooserOf(balanced('Random', ...four), { random: () => value }), 1), [id])
  })
})

describe('naive failover', () => {
  it('takes the first, then the next with each attempt', () => {
    const chooser = chooserOf(balanced('NaiveFailover', ...four))
    assert.deepEqual(tally(idsOf(chooser, 10)), { a: 10 })
    const attempts = [1, 2, 3, 4, 5].map(attempt => idsOf(chooser, 1, () => contextOf(), attempt)[0])
    assert.deepEqual(attempts, [...'abcda'])
  })
})

type Facts = (value: string) => Partial<ChoiceContext>
const hashing: readonly (readonly [string, Record<string, unknown>, Facts])[] = [
  ['Sticky', { type: 'Sticky' }, value => ({ trackingId: () => value })],
  ['IpAddressHash', { type: 'IpAddressHash' }, value => ({ ip: value })],
  [
    'CookieHash',
    { type: 'CookieHash', cookie_name: 'who' },
    value => ({ cookie: name => (name === 'who' ? value : undefined) }),
  ],
  [
    'QueryHash',
    { type: 'QueryHash', queryParamName: 'who' },
    value => ({ query: name => (name === 'who' ? value : undefined) }),
  ],
  [
    'HeaderHash',
    { type: 'HeaderHash', headerName: 'X-Who' },
    value => ({ header: name => (name === 'x-who' ? value : undefined) }),
  ],
]

for (const [name, load_balancing, facts] of hashing)
  describe(name, () => {
    const backend = balanced(load_balancing, { weight: 2 }, {}, {})

    it('keeps a client at its target, on every thread', () => {
      const [one, two] = [chooserOf(backend), chooserOf(backend)]
      const clients = (i: number) => contextOf(facts(`client-${i}`))
      assert.deepEqual(idsOf(one, 100, clients), idsOf(two, 100, clients))
      assert.deepEqual(idsOf(one, 100, clients), idsOf(one, 100, clients))
    })

    it('spreads clients by weight', () => {
      const ids = idsOf(chooserOf(backend), 20_000, i => contextOf(facts(`client-${i}`)))
      assert.ok(chiSquare(ids, { a: 0.5, b: 0.25, c: 0.25 }) < chiBound[2]!)
    })

    it('places a client where upstream does', () => {
      // 192.168.1.10 stands at place 3 of 10.
      const ten = balanced(load_balancing, ...Array.from({ length: 10 }, () => ({})))
      assert.deepEqual(
        idsOf(chooserOf(ten), 1, () => contextOf(facts('192.168.1.10'))),
        ['d'],
      )
    })

    if (name.endsWith('Hash') && name !== 'IpAddressHash')
      it('takes turns for requests without the value', () => {
        assert.deepEqual(idsOf(chooserOf(balanced(load_balancing, ...four)), 5), [...'bcdab'])
      })
  })

describe('hashes of a value', () => {
  it('look for session-id unless told otherwise, in whatever spelling', () => {
    const seen: string[] = []
    const context = () =>
      contextOf({ header: name => void seen.push(name), cookie: name => void seen.push(name) })
    for (const load_balancing of [
      { type: 'HeaderHash' },
      { type: 'HeaderHash', header_name: 'X-One' },
      { type: 'HeaderHash', headerName: 'X-Two' },
      { type: 'CookieHash', cookieName: 'Three' },
      { type: 'CookieHash', cookie_name: '' },
    ])
      idsOf(chooserOf(balanced(load_balancing, {}, {})), 1, context)
    assert.deepEqual(seen, ['session-id', 'x-one', 'x-two', 'Three', 'session-id'])
  })
})

describe('best response time', () => {
  it('tries those without a measure first, then takes the fastest', () => {
    const chooser = chooserOf(balanced('BestResponseTime', {}, {}, {}))
    const [a, b, c] = chooser.backend.targets
    assert.deepEqual(idsOf(chooser, 1), ['a'])
    chooser.measured(a!, 30)
    assert.deepEqual(idsOf(chooser, 1), ['b'])
    chooser.measured(b!, 10)
    chooser.measured(c!, 20)
    assert.deepEqual(tally(idsOf(chooser, 10)), { b: 10 })
    for (let i = 0; i < 3; i++) chooser.measured(b!, 40)
    assert.deepEqual(tally(idsOf(chooser, 10)), { c: 10 })
  })

  it('takes no notice of measures that cannot be', () => {
    const chooser = chooserOf(balanced('BestResponseTime', {}, {}))
    for (const wrong of [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 53])
      chooser.measured(chooser.backend.targets[0]!, wrong)
    assert.deepEqual(idsOf(chooser, 1), ['a'])
  })

  it('remembers measures when the route is compiled anew', () => {
    const cells = new SharedCells()
    const backend = balanced('BestResponseTime', {}, {})
    const old = chooserOf(backend, { cells })
    old.measured(backend.targets[0]!, 30)
    old.measured(backend.targets[1]!, 10.5)
    const fresh = chooserOf(backend, { cells })
    old.close()
    assert.deepEqual(idsOf(fresh, 1), ['b'])
  })
})

describe('weighted best response time', () => {
  for (const [ratio, best] of [
    [undefined, 0.5 + 0.5 / 3],
    [0.25, 0.25 + 0.75 / 3],
    [0, 1 / 3],
    [-3, 1 / 3],
  ] as const)
    it(`gives the fastest ${best.toFixed(2)} of the calls with the ratio ${ratio}`, () => {
      // Six places, so that the copies of the fastest come out even.
      const about = { weight: 2 }
      const chooser = chooserOf(
        balanced(
          { type: 'WeightedBestResponseTime', ...(ratio !== undefined && { ratio }) },
          about,
          about,
          about,
        ),
      )
      for (const target of chooser.backend.targets) chooser.measured(target, target.id === 'b' ? 5 : 50)
      const rest = (1 - best) / 2
      const ids = idsOf(chooser, 20_000)
      assert.ok(chiSquare(ids, { a: rest, b: best, c: rest }) < chiBound[2]!, JSON.stringify(tally(ids)))
    })

  it('leaves something for the others whatever the ratio', () => {
    const chooser = chooserOf(balanced({ type: 'WeightedBestResponseTime', ratio: 7 }, {}, {}))
    assert.deepEqual(idsOf(chooser, 1), ['a'])
    for (const target of chooser.backend.targets) chooser.measured(target, target.id === 'a' ? 5 : 50)
    const { a, b } = tally(idsOf(chooser, 20_000))
    assert.ok(a! > 19_700 && b! > 50, `${a} and ${b}`)
  })
})

describe('least connections', () => {
  it('takes the least loaded, over all threads; those with equal load take turns', () => {
    const cells = new SharedCells()
    const backend = balanced('LeastConnections', {}, {}, {})
    const [one, two] = [chooserOf(backend, { cells }), chooserOf(backend, { cells })]
    const [a, b, c] = backend.targets
    assert.deepEqual(idsOf(one, 3), ['b', 'c', 'a'])
    one.started(a!)
    two.started(c!)
    assert.deepEqual(tally(idsOf(two, 10)), { b: 10 })
    two.started(b!)
    two.started(b!)
    assert.deepEqual(tally(idsOf(one, 10)), { a: 5, c: 5 })
    one.finished(a!)
    assert.deepEqual(tally(idsOf(one, 10)), { a: 10 })
  })

  it('spreads a burst evenly', () => {
    const chooser = chooserOf(balanced('LeastConnections', ...four))
    for (let i = 0; i < 100; i++)
      chooser.started(targetOf(chooser.choose(contextOf(), 1, chooser.backend.timeoutsFor('/'))))
    for (const target of chooser.backend.targets) for (let i = 0; i < 25; i++) chooser.finished(target)
    assert.deepEqual(tally(idsOf(chooser, 8)), { a: 2, b: 2, c: 2, d: 2 })
  })

  it('gives those with equal load turns by weight', () => {
    assert.deepEqual(tally(idsOf(chooserOf(balanced('LeastConnections', { weight: 3 }, {})), 40)), {
      a: 30,
      b: 10,
    })
  })
})

describe('power of two random choices', () => {
  it('is chance by weight while loads are equal', () => {
    const ids = idsOf(chooserOf(balanced('PowerOfTwoRandomChoices', ...four)), 20_000)
    assert.ok(chiSquare(ids, { a: 0.25, b: 0.25, c: 0.25, d: 0.25 }) < chiBound[3]!)
  })

  it('never takes the busiest, and each of the others by its chance to be drawn', () => {
    const chooser = chooserOf(balanced('PowerOfTwoRandomChoices', ...four))
    const { targets } = chooser.backend
    for (const target of targets) for (let i = 0; i < target.index; i++) chooser.started(target)
    const ids = idsOf(chooser, 20_000)
    assert.ok(chiSquare(ids, { a: 3 / 6, b: 2 / 6, c: 1 / 6 }) < chiBound[2]!, JSON.stringify(tally(ids)))
  })

  it('keeps loads closer together than chance does', () => {
    const spread = (type: string): number => {
      const cells = new SharedCells()
      const backend = balanced(type, ...Array.from({ length: 10 }, () => ({})))
      const chooser = chooserOf(backend, { cells, random: seeded(3) })
      const loads = new Array<number>(10).fill(0)
      for (let i = 0; i < 5000; i++) {
        const target = targetOf(chooser.choose(contextOf(), 1, backend.timeoutsFor('/')))
        chooser.started(target)
        loads[target.index]!++
      }
      return Math.max(...loads) - Math.min(...loads)
    }
    assert.ok(spread('PowerOfTwoRandomChoices') < 8)
    assert.ok(spread('Random') > 20)
  })

  it('draws two different targets, also by weight', () => {
    const chooser = chooserOf(
      balanced('PowerOfTwoRandomChoices', { weight: 90 }, { weight: 5 }, { weight: 5 }),
    )
    chooser.started(chooser.backend.targets[0]!)
    // The heavy one is drawn nearly always, and nearly always loses to its rival.
    const { a, b, c } = tally(idsOf(chooser, 10_000))
    assert.equal(a, undefined)
    assert.ok(b! > 4500 && c! > 4500)
    assert.deepEqual(tally(idsOf(chooserOf(balanced('PowerOfTwoRandomChoices', {})), 5)), { a: 5 })
  })
})

describe('what a strategy costs', () => {
  it('cells are taken only for what it asks', () => {
    const used = (type: string): number => {
      const cells = new SharedCells()
      chooserOf(balanced(type, {}, {}), { cells, useCircuitBreakers: false })
      return cells.used
    }
    assert.equal(used('Random'), 0)
    assert.equal(used('Sticky'), 0)
    assert.equal(used('RoundRobin'), 1)
    assert.equal(used('LeastConnections'), 3)
    assert.equal(used('BestResponseTime'), 4)
  })
})
