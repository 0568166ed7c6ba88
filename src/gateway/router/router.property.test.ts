/** The router against the oracle, over generated tables, changes and requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderBlock } from '../../http/headers.ts'
import { compileFrontend } from './frontend.ts'
import { Router, type RoutingStrategy } from './router.ts'
import { type OracleRequest, type OracleRoute, oracleMatch } from './testing/oracle.ts'

const domain = fc.constantFrom(
  'a.com',
  'A.com',
  'b.a.com',
  '*.a.com',
  '*.com',
  '*',
  'b.*',
  '*a.com',
  'x.*.com',
)
const routeSegment = fc.constantFrom(
  'api',
  'ap',
  'api-x',
  '%61pi',
  'v1',
  '1',
  'a+b',
  ':id',
  ':name',
  '$n<[0-9]+>',
  '$id<[a-z]+>',
  '*',
  'v*',
  '*x',
)
const line = fc
  .tuple(domain, fc.array(routeSegment, { maxLength: 4 }), fc.boolean())
  .map(([host, path, slash]) => `${host}${path.map(part => `/${part}`).join('')}${slash ? '/' : ''}`)

const condition = fc.constantFrom(
  'one',
  'Exists()',
  'IsDefined()',
  'NotDefined()',
  'Regex(o.*|x)',
  'Wildcard(t*)',
)
const conditions = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.dictionary(fc.constantFrom('x', 'Y'), condition, { maxKeys: 2, noNullPrototype: true }),
  },
)
const route: fc.Arbitrary<OracleRoute> = fc.record({
  id: fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'),
  frontend: fc.record({
    domains: fc.array(line, { minLength: 1, maxLength: 3 }),
    exact: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    methods: fc.constantFrom([], [], ['GET'], ['POST', 'GET']),
    headers: conditions,
    query: conditions,
    cookies: conditions,
  }),
  enabled: fc.constantFrom(true, true, true, false),
  boundListeners: fc.constantFrom([], [], [], ['l1'], ['standard-listener'], ['experimental-listener', 'l1']),
})

const requestSegment = fc.constantFrom(
  'api',
  'ap',
  'api-x',
  'api-y',
  '%61pi',
  '%61%70i-y',
  'v1',
  'v2',
  '1',
  '22',
  'vx',
  'zz',
  ':id',
  'a+b',
  'a%2bb',
  'api%2Fv1',
  'a%20b',
)
const values = fc.array(fc.tuple(fc.constantFrom('x', 'X', 'y', 'Y'), fc.constantFrom('one', 'two', 'x')), {
  maxLength: 3,
})
const request: fc.Arbitrary<OracleRequest> = fc
  .record({
    domain: fc.constantFrom('a.com', 'b.a.com', 'x.b.a.com', 'x.y.com', 'c.com', 'b.org', 'nota.com', ''),
    segments: fc.array(requestSegment, { maxLength: 5 }),
    slash: fc.boolean(),
    method: fc.constantFrom('GET', 'POST', 'get'),
    headers: values,
    query: values,
    cookies: values,
  })
  .map(({ segments, slash, headers, query, cookies, ...rest }) => ({
    ...rest,
    path: segments.length === 0 ? '/' : `/${segments.join('/')}${slash ? '/' : ''}`,
    headers: HeaderBlock.from(headers),
    query: new URLSearchParams(query),
    cookies: new Map(cookies),
  }))
const listener = fc.constantFrom(
  { id: 'http', standard: true, exclusive: false },
  { id: 'http', standard: true, exclusive: false },
  { id: 'l1', standard: false, exclusive: false },
  { id: 'l1', standard: false, exclusive: true },
)
const change = fc.oneof(
  { weight: 4, arbitrary: route.map(value => ({ kind: 'put' as const, route: value })) },
  { weight: 1, arbitrary: route.map(value => ({ kind: 'remove' as const, route: value })) },
)

function put(router: Router<string>, { id, frontend, enabled, boundListeners }: OracleRoute): void {
  const compiled = compileFrontend(frontend)
  assert.ok(compiled.ok)
  router.put(id, { frontend: compiled.value, enabled, boundListeners }, `payload of ${id}`)
}

/** Own properties only: parameters have no prototype. */
function plain(answer: ReturnType<Router<string>['match']>): unknown {
  if (answer === null) return null
  assert.equal(answer.payload, `payload of ${answer.id}`)
  const { id, matchedPath, params, noMoreSegments } = answer
  return { id, matchedPath, params: { ...params }, noMoreSegments }
}

for (const strategy of ['tree', 'startswith'] as RoutingStrategy[]) {
  test(`${strategy}: after any changes the router answers like the oracle`, () => {
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 25 }),
        fc.array(fc.tuple(request, listener), { minLength: 5, maxLength: 15 }),
        (changes, requests) => {
          const router = new Router<string>({ strategy })
          const table = new Map<string, OracleRoute>()
          for (const { kind, route: changed } of changes) {
            if (kind === 'put') {
              put(router, changed)
              table.set(changed.id, changed)
            } else assert.equal(router.remove(changed.id), table.delete(changed.id))
          }
          assert.equal(router.size, table.size)
          for (const [asked, from] of requests)
            assert.deepEqual(
              plain(router.match(asked, from, () => true)),
              oracleMatch([...table.values()], asked, from, strategy),
              `${asked.domain}${asked.path}`,
            )
        },
      ),
      { numRuns: Number(process.env['RUNS'] ?? 3000) },
    )
  })

  test(`${strategy}: removing every route leaves nothing behind`, () => {
    fc.assert(
      fc.property(fc.array(route, { maxLength: 20 }), request, (routes, asked) => {
        const router = new Router<string>({ strategy })
        for (const added of routes) put(router, added)
        for (const added of routes) router.remove(added.id)
        assert.equal(router.size, 0)
        assert.equal(
          router.match(asked, { id: 'http', standard: true, exclusive: false }, () => true),
          null,
        )
        assert.equal(router.isEmpty, true)
      }),
      { numRuns: 300 },
    )
  })
}
