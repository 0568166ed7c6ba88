import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCellMemory, SharedCells } from '../../limits/cells.ts'
import { HealthMark } from '../health/marks.ts'
import {
  backendOf,
  balanced,
  chooserOf,
  contextOf,
  idsOf,
  tally,
  targetOf,
  targetsOf,
} from './testing/balancing.ts'
import { type BalancingServices, type Chooser, compileChooser } from './index.ts'

const NOW = 1_800_000_000_000

/** A chooser whose breakers open at the second failure and rest for a second. */
function fragile(
  about: readonly Record<string, unknown>[],
  services: Partial<BalancingServices> = {},
): Chooser {
  const backend = backendOf({
    targets: targetsOf(...about),
    client: { max_errors: 2, sample_interval: 1000, call_timeout: 5000 },
  })
  return chooserOf(backend, services)
}

function fail(chooser: Chooser, id: string, times = 2, now = NOW): void {
  const target = chooser.backend.targets.find(target => target.id === id)!
  const profile = chooser.backend.timeoutsFor('/')
  // A breaker exists from the first choice on, as calls only follow choices.
  chooser.choose(contextOf(), 1, profile)
  for (let i = 0; i < times; i++) chooser.failed(target, profile, false, now)
}

describe('which targets may be chosen', () => {
  it('none: the reason says so', () => {
    const cells = new SharedCells()
    assert.deepEqual(idsOf(chooserOf(backendOf({ targets: [] })), 1), ['backend.no_target'])
    const weightless = chooserOf(balanced('RoundRobin', { weight: 0 }), { cells })
    assert.deepEqual(idsOf(weightless, 1), ['backend.no_target'])
    // Its health is no reason: it would not be chosen either way.
    new HealthMark(cells, weightless.backend.targets[0]!.key).set(NOW + 60_000)
    assert.deepEqual(idsOf(weightless, 1), ['backend.no_target'])
    const nowhere = { predicate: { type: 'NetworkLocationMatch', zone: 'z' } }
    for (const useCircuitBreakers of [true, false])
      assert.deepEqual(idsOf(chooserOf(balanced('RoundRobin', nowhere), { useCircuitBreakers }), 1), [
        'backend.no_target',
      ])
  })

  it('predicates look at the place of the instance and of the client', () => {
    const here = { provider: 'Aws', region: 'eu-west-3', zone: 'a', dc: '', rack: 'r-12' }
    const location = (json: Record<string, unknown>) => ({
      predicate: { type: 'NetworkLocationMatch', ...json },
    })
    const backend = backendOf(
      {
        targets: targetsOf(
          location({ region: 'EU-*', rack: 'r-*' }),
          location({ region: 'us-*' }),
          location({ dc: 'x' }),
          { predicate: { type: 'GeolocationMatch', positions: ['48.85;2.35;100', '45.76:4.83:10'] } },
        ),
      },
      here,
    )
    const at = (latitude: number, longitude: number) =>
      tally(idsOf(chooserOf(backend), 12, () => contextOf({ position: { latitude, longitude } })))
    assert.deepEqual(at(48.8, 2.13), { a: 6, d: 6 })
    assert.deepEqual(at(45.76, 4.84), { a: 6, d: 6 })
    assert.deepEqual(at(43.3, 5.4), { a: 12 })
    // Nobody knows where the client is.
    assert.deepEqual(tally(idsOf(chooserOf(backend), 12)), { a: 6, d: 6 })
  })

  it('backups wait until attempts outnumber the places of primaries, or no primary is left', () => {
    const about = [{ weight: 2 }, {}, { backup: true }, { backup: true }]
    const chooser = fragile(about)
    const attempt = (n: number) => tally(idsOf(chooser, 60, () => contextOf(), n))
    for (const n of [1, 3]) assert.deepEqual(attempt(n), { a: 40, b: 20 })
    assert.deepEqual(attempt(4), { c: 30, d: 30 })
    fail(chooser, 'a')
    assert.deepEqual(attempt(1), { b: 60 })
    assert.deepEqual(attempt(2), { c: 30, d: 30 })
    fail(chooser, 'b')
    assert.deepEqual(attempt(1), { c: 30, d: 30 })
    assert.deepEqual(tally(idsOf(chooserOf(balanced('RoundRobin', { backup: true })), 3)), { a: 3 })
  })

  it('marks of bad health take a server out of every route on every thread, and expire', () => {
    const cells = new SharedCells()
    const [one, two] = [fragile([{}, {}], { cells }), fragile([{}, {}], { cells })]
    const [a, b] = one.backend.targets.map(target => new HealthMark(cells, target.key))
    a!.set(NOW + 60_000)
    for (const chooser of [one, two]) assert.deepEqual(tally(idsOf(chooser, 10)), { b: 10 })
    b!.set(NOW + 30_000)
    assert.deepEqual(idsOf(one, 1), ['backend.unhealthy'])
    assert.deepEqual(tally(idsOf(two, 10, () => contextOf({ now: NOW + 31_000 }))), { b: 10 })
    assert.deepEqual(tally(idsOf(one, 10, () => contextOf({ now: NOW + 61_000 }))), { a: 5, b: 5 })
    // Gone with the time, not only hidden: the next choice needs no clock.
    assert.equal(a!.clean && b!.clean, true)
  })

  it('an open breaker takes the target out, and the reason names it', () => {
    const chooser = fragile([{}, {}])
    fail(chooser, 'a')
    assert.deepEqual(tally(idsOf(chooser, 10)), { b: 10 })
    fail(chooser, 'b')
    assert.deepEqual(idsOf(chooser, 1), ['backend.circuit_open'])
    const single = fragile([{}])
    fail(single, 'a')
    assert.deepEqual(idsOf(single, 1), ['backend.circuit_open'])
  })

  it('without circuit breakers neither health nor failures take anything out', () => {
    const cells = new SharedCells()
    const chooser = fragile([{}, {}], { cells, useCircuitBreakers: false })
    new HealthMark(cells, chooser.backend.targets[0]!.key).set(NOW + 60_000)
    fail(chooser, 'b', 10)
    assert.deepEqual(tally(idsOf(chooser, 10)), { a: 5, b: 5 })
  })
})

describe('a breaker in the chooser', () => {
  it('lets one probe through when its rest is over; its success closes it', () => {
    const changes: string[] = []
    const chooser = fragile([{}, {}], {
      onBreaker: (change, target, scope) => changes.push(`${scope} ${target.id} ${change}`),
    })
    const profile = chooser.backend.timeoutsFor('/')
    fail(chooser, 'a')
    const later = contextOf({ now: NOW + 1000 })
    const probes: boolean[] = []
    const ids = Array.from({ length: 10 }, () => {
      const { id } = targetOf(chooser.choose(later, 1, profile))
      if (later.probe) probes.push(id === 'a')
      return id
    })
    assert.deepEqual(tally(ids), { a: 1, b: 9 })
    assert.deepEqual(probes, [true])
    chooser.succeeded(chooser.backend.targets[0]!, profile, true)
    assert.deepEqual(tally(idsOf(chooser, 10)), { a: 5, b: 5 })
    assert.deepEqual(changes, ['route a open', 'route a closed'])
  })

  it('gives the right to probe on when the call ended without a word', () => {
    const chooser = fragile([{}])
    const profile = chooser.backend.timeoutsFor('/')
    const [a] = chooser.backend.targets
    fail(chooser, 'a')
    const later = contextOf({ now: NOW + 1000 })
    assert.equal(chooser.choose(later, 1, profile), a)
    assert.equal(chooser.choose(later, 1, profile), 'backend.circuit_open')
    chooser.abandoned(a!, profile, false, NOW + 1000)
    assert.equal(chooser.choose(later, 1, profile), 'backend.circuit_open')
    chooser.abandoned(a!, profile, true, NOW + 1000)
    assert.equal(chooser.choose(later, 1, profile), a)
    assert.equal(later.probe, true)
  })

  it('belongs to the rule of timeouts the path falls under', () => {
    const chooser = chooserOf(
      backendOf({
        targets: targetsOf({}),
        client: { max_errors: 1, custom_timeouts: [{ path: '/slow*' }, { path: '/slower' }] },
      }),
    )
    const { timeoutsFor } = chooser.backend
    const [a] = chooser.backend.targets
    chooser.choose(contextOf(), 1, timeoutsFor('/slow?x=1'))
    chooser.failed(a!, timeoutsFor('/slow?x=1'), false, NOW)
    assert.equal(chooser.choose(contextOf(), 1, timeoutsFor('/slow/2')), 'backend.circuit_open')
    assert.equal(chooser.choose(contextOf(), 1, timeoutsFor('/')), a)
    chooser.close()
  })

  it('outlives the compiled route while another holds it, and new limits make a new one', () => {
    const cells = new SharedCells()
    const about = [{}]
    const old = fragile(about, { cells })
    fail(old, 'a')
    const fresh = fragile(about, { cells })
    assert.deepEqual(idsOf(fresh, 1), ['backend.circuit_open'])
    old.close()
    assert.deepEqual(idsOf(fresh, 1), ['backend.circuit_open'])
    const changed = chooserOf(backendOf({ targets: targetsOf({}), client: { max_errors: 3 } }), { cells })
    assert.deepEqual(idsOf(changed, 1), ['a'])
  })

  it('is the server’s within a route: two targets of one server share it, another route does not', () => {
    const cells = new SharedCells()
    const chooser = fragile([{}, { hostname: 'A.test', id: 'b' }], { cells })
    fail(chooser, 'a')
    assert.deepEqual(idsOf(chooser, 1), ['backend.circuit_open'])
    const services = { cells, random: Math.random, useCircuitBreakers: true, onBreaker: () => {} }
    assert.deepEqual(tally(idsOf(compileChooser(chooser.backend, 'other', services), 4)), { a: 2, b: 2 })
  })
})

describe('closing a chooser', () => {
  it('gives every cell back, whatever was used', () => {
    const cells = new SharedCells()
    for (const type of ['RoundRobin', 'LeastConnections', 'BestResponseTime', 'CookieHash']) {
      const backend = backendOf({
        targets: targetsOf({}, {}),
        load_balancing: { type },
        client: { custom_timeouts: [{ path: '/a' }, { path: '/b' }] },
      })
      const chooser = chooserOf(backend, { cells })
      for (const path of ['/b', '/']) chooser.choose(contextOf(), 1, backend.timeoutsFor(path))
      assert.ok(cells.used > 4)
      chooser.close()
      assert.equal(cells.used, 0, type)
    }
  })
})

describe('a full table', () => {
  it('costs sharing, not service', () => {
    const cells = new SharedCells(createCellMemory(64))
    for (let i = 0; i < 500; i++) cells.open(`fill${i}`)
    const chooser = fragile([{}, {}], { cells })
    fail(chooser, 'a')
    assert.deepEqual(tally(idsOf(chooser, 4)), { b: 4 })
    assert.deepEqual(tally(idsOf(chooser, 4, () => contextOf({ now: NOW + 2000 }))), { a: 1, b: 3 })
  })
})
