import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileFilter, compileForm } from './exporter-rules.ts'
import { GatewayEvent } from './gateway-event.ts'
import type { GatewayEventFacts } from './gateway-event-facts.ts'
import { InstanceFields } from './instance-facts.ts'
import { projected } from './testing/interpreted-projection.ts'
import { someInstance } from './testing/some-instance.ts'

const instance = new InstanceFields(someInstance)
const routeJson = {
  id: 'route_1',
  name: 'one',
  plugins: [{ plugin: 'p', config: { password: 'hush', n: 1 } }],
}

function factsOf(more: Partial<GatewayEventFacts> = {}): GatewayEventFacts {
  return {
    id: '11',
    requestId: '12',
    receivedAt: 1_717_238_400_000,
    endedAt: 1_717_238_400_123,
    protocol: 'HTTP/1.1',
    scheme: 'https',
    host: 'api.test',
    uri: '/x?y="é',
    method: 'GET',
    clientAddress: '::1',
    target: { scheme: 'http', host: '127.0.0.1:80' },
    duration: 122.6,
    overhead: 1.4,
    backendDuration: 121.2,
    responseStreamingDuration: -1,
    dataIn: 0,
    dataOut: 7,
    status: 200,
    chunked: false,
    headers: [
      ['Host', 'api.test'],
      ['AUTHORIZATION', 'Basic c2VjcmV0'],
    ],
    headersOut: [['Content-Type', 'text/plain']],
    sentHeaders: [['cookie', 'session=secret']],
    answerHeaders: [['Set-Cookie', 'session=secret']],
    identity: null,
    error: null,
    reason: null,
    route: { id: 'route_1', name: 'one', metadata: { product: 'shop' }, json: routeJson },
    attempts: 1,
    clientChain: [],
    extras: { token: 'hush', list: [1] },
    env: 'prod',
    parent: { request: '9', from: 'front', label: 'Front' },
    ...more,
  }
}

/** Facts that say which of them were asked for. */
function watched(facts: GatewayEventFacts, asked: Set<string>): GatewayEventFacts {
  return new Proxy(facts, {
    get(target, name) {
      asked.add(String(name))
      return Reflect.get(target, name)
    },
  })
}

const event = () => new GatewayEvent(factsOf(), instance)
const whole = () => JSON.parse(JSON.stringify(event().toJSON()))

test('each field reads the same alone, in the whole event and in its text', () => {
  const fields = whole()
  assert.deepEqual(JSON.parse(event().text()), fields)
  for (const [name, value] of Object.entries(fields)) assert.deepEqual(event().read(name), value, name)
  for (const name of ['nothing', 'toJSON', 'read', '__proto__', 'constructor', 'hasOwnProperty'])
    assert.equal(event().read(name), undefined, name)
})

test('the whole event tells what is known of the request and of the instance', () => {
  const fields = whole()
  assert.deepEqual(
    [fields['@type'], fields.url, fields.duration, fields.overheadWoCb, fields['instance-name']],
    ['GatewayEvent', 'https://api.test/x?y="é', 123, 120, 'one'],
  )
  assert.deepEqual(fields.viz, {
    to: 'route_1',
    toLbl: 'one',
    from: 'front',
    fromLbl: 'Front',
    fromTo: 'Front###one',
  })
  const nowhere = new GatewayEvent(factsOf({ route: null, target: null }), instance)
  assert.deepEqual(JSON.parse(nowhere.text()), JSON.parse(JSON.stringify(nowhere.toJSON())))
  assert.deepEqual([nowhere.read('route'), nowhere.read('@serviceId')], [null, 'none'])
})

test('credentials are masked wherever they stand', () => {
  const text = event().text()
  assert.doesNotMatch(text, /c2VjcmV0|session=secret|hush/)
  assert.equal(text.split('***').length - 1, 5)
})

test('only what is read is made', () => {
  const asked = new Set<string>()
  const lazy = new GatewayEvent(watched(factsOf(), asked), instance)
  const accepts = compileFilter({ include: [{ '@type': 'GatewayEvent' }], exclude: [{ status: 404 }] })
  assert.ok(accepts(lazy))
  assert.deepEqual([...asked], ['status'])
  const form = compileForm({ '@timestamp': true, method: true, host: { $at: 'to.host' } })
  assert.equal(form(lazy), '{"@timestamp":1717238400123,"method":"GET","host":"api.test"}')
  assert.deepEqual([...asked].sort(), ['endedAt', 'host', 'method', 'scheme', 'status', 'uri'])
})

test('the entity of a route is written once, however many events show it', () => {
  let reads = 0
  const json = Object.defineProperty({}, 'desc', { enumerable: true, get: () => `read ${++reads}` })
  const route = { id: 'r', name: 'r', metadata: {}, json }
  const spread = compileForm({ $spread: true, headers: false })
  for (let i = 0; i < 3; i++) {
    const next = new GatewayEvent(factsOf({ route }), instance)
    assert.deepEqual(JSON.parse(next.text()).route, { desc: 'read 1' })
    assert.deepEqual(JSON.parse(spread(next)).route, { desc: 'read 1' })
    assert.deepEqual(JSON.parse(compileForm({ route: 'way' })(next)), { way: { desc: 'read 1' } })
  }
})

test('a projection makes the same of a lazy event as of its fields, and as the language is defined', () => {
  const names = Object.keys(whole())
  const field = fc.constantFrom(...names, 'nothing', '__proto__')
  const path = fc.oneof(field, fc.constantFrom('to.host', 'route.plugins.0.config', 'headers.0', ''))
  const pointer = path.map(text => (text === '' ? '' : `/${text.replaceAll('.', '/')}`))
  const predicate = fc.record({ at: path, value: fc.constantFrom(200, 'GET', null) })
  const rule = fc.letrec(tie => ({
    rule: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(true, false, 'other', 'route', 3),
      path.map(at => ({ $at: at })),
      fc.record({ path, default: fc.constant('-') }).map(at => ({ $at: at })),
      pointer.map(at => ({ $pointer: at })),
      path.map(at => ({ $path: `$.${at}` })),
      fc.record({ path, predicate, default: fc.constant(0) }).map(at => ({ $atIf: at })),
      fc.constantFrom({ $header: { path: 'headers', name: 'host' } }, { $date_from_unix_fmt: '@timestamp' }),
      fc.constantFrom({ $remove: true }, { $value: { a: [1] } }),
      fc.constantFrom({ $includeAllKeysMatching: ['StartsWith(@)', 'Regex(.*o.*)', 'route'] }),
      fc.constantFrom({ $excludeAllKeysMatching: ['Wildcard(*e*)'] }),
      fc
        .array(
          pointer.map(at => ({ $pointer: at })),
          { maxLength: 2 },
        )
        .map(list => ({ $compose: { list } })),
      fc.dictionary(field, tie('rule'), { maxKeys: 3 }),
    ),
  })).rule
  const blueprint = fc
    .tuple(fc.dictionary(field, rule, { maxKeys: 6 }), fc.boolean())
    .map(([rules, spread]) => (spread ? { $spread: true, ...rules } : rules))
  fc.assert(
    fc.property(blueprint, made => {
      const rules = JSON.parse(JSON.stringify(made))
      const expected = JSON.parse(JSON.stringify(projected(whole(), rules)))
      assert.deepEqual(JSON.parse(compileForm(rules)(event())), expected)
      assert.deepEqual(JSON.parse(compileForm(rules)(whole())), expected)
    }),
    { numRuns: 2000 },
  )
})

test('a filter judges a lazy event as its fields', () => {
  const fields = whole()
  const literal = fc.constantFrom<unknown>(200, 'GET', null, true, fields, fields.to, fields.route)
  const predicate = fc.letrec(tie => ({
    predicate: fc.oneof(
      { depthSize: 'small' },
      fc.record({ status: literal }),
      fc.record({ to: literal }),
      fc.record({ route: fc.record({ id: fc.constantFrom('route_1', 'other') }) }),
      fc.record({ $eq: literal }),
      fc.record({ $in: fc.array(literal, { maxLength: 2 }) }),
      fc.record({ $exists: fc.constantFrom('route', 'nothing', '__proto__') }),
      fc.record({
        $contains: fc.record({ key: fc.constantFrom('to.host', 'x'), value: fc.constant('api.test') }),
      }),
      fc.record({ $not: tie('predicate') }),
      fc.array(tie('predicate'), { maxLength: 2 }).map(list => ({ $or: list })),
    ),
  })).predicate
  fc.assert(
    fc.property(
      fc.array(predicate, { maxLength: 2 }),
      fc.array(predicate, { maxLength: 2 }),
      (include, exclude) => {
        const accepts = compileFilter({ include, exclude })
        assert.equal(accepts(event()), accepts(fields))
      },
    ),
    { numRuns: 1000 },
  )
})
