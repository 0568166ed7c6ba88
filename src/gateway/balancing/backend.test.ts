import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Candidates } from './candidates.ts'
import { authorityOf, compileBackend } from './index.ts'
import { backendOf, balanced, seeded, targetsOf } from './testing/balancing.ts'

const faultsOf = (...about: Record<string, unknown>[]) => {
  const compiled = compileBackend({ targets: targetsOf(...about) })
  return compiled.ok ? [] : compiled.faults.map(fault => fault.path)
}

describe('a backend', () => {
  it('is made of what is said and of defaults', () => {
    const { targets, client, root, rewrite, healthCheck } = backendOf({ targets: targetsOf({}) })
    assert.equal(targets[0]!.key, 'http://a.test:8080')
    assert.deepEqual(
      [root, rewrite, healthCheck?.enabled, client.maxErrors, client.sampleInterval, client.retry.attempts],
      ['/', false, false, 20, 2000, 1],
    )
    assert.equal(backendOf({ client: { max_errors: 0 } }).client.maxErrors, 1)
    assert.equal(backendOf({}).client.queueSize, null)
    const connections = { enabled: true, queue_size: 7 }
    assert.equal(backendOf({ client: { cache_connection_settings: connections } }).client.queueSize, 7)
  })

  it('may be written as a URL', () => {
    const { targets, root } = backendOf({ url: 'https://[2001:db8::1]:8443/v1' })
    const [target] = targets
    assert.deepEqual(
      [target!.hostname, target!.authority, target!.key, target!.scheme, root],
      ['2001:db8::1', '[2001:db8::1]:8443', 'https://[2001:db8::1]:8443', 'https', '/v1'],
    )
  })

  it('names the port in the Host field unless it is the scheme’s own', () => {
    assert.equal(authorityOf('a', 80, false), 'a')
    assert.equal(authorityOf('a', 443, true), 'a')
    assert.equal(authorityOf('a', 443, false), 'a:443')
    assert.equal(authorityOf('a', 80, true), 'a:80')
    assert.equal(authorityOf('::1', 80, false), '[::1]')
  })

  it('is refused for hosts that are more than a host', () => {
    for (const hostname of ['a b', 'a/b', 'a?b', 'a#b', 'u@a', 'a:80', 'a\\b', 'x'.repeat(256), '[::1', ''])
      assert.equal(faultsOf({ hostname })[0], 'targets.0.hostname', hostname)
    for (const hostname of ['a', 'A-1.b_c', 'bücher.example', '10.0.0.1', '[::1]', '::1', '${req.headers.x}'])
      assert.deepEqual(faultsOf({ hostname }), [], hostname)
  })

  it('is refused for ports, addresses, weights and predicates that are none', () => {
    assert.deepEqual(faultsOf({}, { port: 0 }), ['targets.1.port'])
    assert.deepEqual(faultsOf({ ip_address: 'a.test' }), ['targets.0.ip_address'])
    assert.deepEqual(faultsOf({ ip_address: '' }, { ip_address: '[::1]' }), [])
    assert.deepEqual(faultsOf({ weight: 1_000_001 }), ['targets.0.weight'])
    assert.deepEqual(faultsOf({ weight: -1 }), ['targets.0.weight'])
    assert.deepEqual(faultsOf({ predicate: { type: 'Sometimes' } }), ['targets.0.predicate.type'])
    assert.deepEqual(faultsOf({ predicate: { type: 'NetworkLocationMatch', zone: 3 } }), [
      'targets.0.predicate.zone',
    ])
    for (const position of ['1;2', '91;0;1', '0;181;1', '0;0;-1', 'a;b;c', ';;', 3])
      assert.equal(
        faultsOf({ predicate: { type: 'GeolocationMatch', positions: ['1;2;3', position] } })[0],
        'targets.0.predicate.positions.1',
      )
    assert.equal(faultsOf({ predicate: { type: 'GeolocationMatch' } }).length, 1)
  })

  it('is bounded', () => {
    const targets = (count: number) => ({
      targets: new Array(count).fill(targetsOf({ weight: 1_000_000 })[0]),
    })
    assert.equal(compileBackend(targets(2147)).ok, true)
    assert.equal(compileBackend(targets(2148)).ok, false)
    assert.equal(compileBackend(targets(10_001)).ok, false)
  })

  it('is never a throw', () => {
    for (const json of [null, undefined, 3, 'x', [], { targets: 3 }, { targets: [null] }, { client: [] }])
      assert.equal(typeof compileBackend(json).ok, 'boolean')
  })
})

describe('the list of candidates', () => {
  it('is, on paper, a list of copies', () => {
    const random = seeded(2)
    for (let i = 0; i < 200; i++) {
      const about = Array.from({ length: 1 + Math.floor(random() * 8) }, () => ({
        weight: Math.floor(random() * 5),
      }))
      const { targets } = balanced('Random', ...about)
      const copies = targets.flatMap(target => new Array(target.weight).fill(target))
      const candidates = Candidates.of(targets)
      assert.equal(candidates.total, copies.length)
      for (let place = 0; place < copies.length; place++) {
        assert.equal(candidates.at(place), copies[place])
        const index = candidates.indexAt(place)
        assert.equal(candidates.startOf(index), copies.indexOf(copies[place]))
      }
    }
  })
})
