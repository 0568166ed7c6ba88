import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readApikey } from '../identity/apikey.ts'
import { type Route, route as routeKind } from '../model/kinds/route.ts'
import { readEntity } from '../model/read.ts'
import { keyFault, routeFault } from './admin-access.ts'
import type { PluginListing } from './services.ts'

const GATE = 'cp:otoroshi.next.plugins.ApikeyCalls'
const listing = (id: string, steps: string[], config: unknown = {}): PluginListing => ({
  id,
  name: id,
  description: '',
  plugin_categories: [],
  plugin_steps: steps,
  plugin_tags: [],
  default_config: config,
})
const plugins = [
  listing(GATE, ['ValidateAccess'], { validate: true, routing: { enabled: false } }),
  listing('cp:headers', ['TransformRequest', 'TransformResponse']),
  listing('cp:guard', ['ValidateAccess']),
]

function routeOf(change: Record<string, unknown> = {}, frontend: Record<string, unknown> = {}): Route {
  const parsed = readEntity(routeKind, {
    id: 'admin',
    name: 'admin',
    groups: ['admins'],
    frontend: { domains: ['api.test', 'api.localhost'], ...frontend },
    backend: { targets: [] },
    plugins: [{ plugin: GATE }],
    ...change,
  })
  assert.ok(parsed.ok)
  return parsed.value
}

describe('a route of the admin API', () => {
  const here = routeOf()
  const judge = (route: Route, before = here) => routeFault(route, before, plugins)

  it('does when it lets in whatever the one that is there lets in', () => {
    assert.equal(judge(here), null)
    assert.equal(
      judge(routeOf({ name: 'other' }, { domains: ['API.localhost', 'api.test', 'more.test'] })),
      null,
    )
    const gate = { plugin: GATE, config: { validate: true, routing: { enabled: false } } }
    assert.equal(judge(routeOf({ plugins: [{ plugin: 'cp:headers', config: { a: 1 } }, gate] })), null)
    const own = routeOf({ plugins: [{ plugin: 'cp:guard', config: { a: 1 } }, gate] })
    assert.equal(judge(routeOf({ name: 'x', plugins: own.plugins }), own), null)
    assert.equal(judge(routeOf({ plugins: [gate, { plugin: 'cp:unknown', enabled: false }] })), null)
  })

  it('does not when it turns somebody away or lets everybody in', () => {
    const slots = (...more: object[]) => routeOf({ plugins: [{ plugin: GATE }, ...more] })
    const only = (slot: object) => routeOf({ plugins: [{ plugin: GATE, ...slot }] })
    for (const [route, why] of [
      [routeOf({ enabled: false }), /disabled/],
      [routeOf({}, { domains: ['api.test'] }), /does not answer on api\.localhost/],
      [routeOf({}, { domains: ['api.test/v1', 'api.localhost'] }), /does not answer on api\.test/],
      [routeOf({}, { methods: ['GET'] }), /only some calls/],
      [routeOf({}, { headers: { a: 'b' } }), /only some calls/],
      [routeOf({}, { exact: true }), /only some calls/],
      [routeOf({ bound_listeners: ['other'] }), /only some calls/],
      [routeOf({ plugins: [] }), /does not ask for API keys/],
      [only({ enabled: false }), /does not ask for API keys/],
      [only({ exclude: ['/api/.*'] }), /does not ask for API keys/],
      [only({ config: { validate: false } }), /does not ask for API keys/],
      [only({ config: { routing: { enabled: true } } }), /does not ask for API keys/],
      [slots({ plugin: 'cp:guard' }), /cp:guard, which may turn calls away/],
      [slots({ plugin: 'cp:unknown' }), /cp:unknown/],
      [slots({ plugin: GATE, config: { validate: false } }), /ApikeyCalls, which may/],
    ] as const)
      assert.match(judge(route) ?? 'nothing', why)
  })
})

describe('a key of the admin API', () => {
  const judge = (change: Record<string, unknown>, asUser = false, route = routeOf()) =>
    keyFault(
      readApikey(
        JSON.stringify({
          clientId: 'c',
          clientSecret: 's',
          clientName: 'c',
          authorizedEntities: ['group_admins'],
          ...change,
        }),
      ),
      route,
      asUser,
    )

  it('does when it is granted on the route and has all rights', () => {
    const all = { 'otoroshi-access-rights': '[{"tenant":"*:rw","teams":["*:rw"]}]' }
    for (const change of [
      {},
      { authorizedEntities: ['route_admin'] },
      { authorizedEntities: ['service_admin'] },
      { metadata: all },
      { validUntil: Date.now() + 60_000 },
    ])
      assert.equal(judge(change), null, JSON.stringify(change))
  })

  it('does not when it opens less than everything', () => {
    const limited = { metadata: { 'otoroshi-access-rights': '[{"tenant":"acme","teams":["*"]}]' } }
    for (const [change, why] of [
      [{ enabled: false }, /disabled/],
      [{ validUntil: Date.now() - 1 }, /out of date/],
      [{ readOnly: true }, /some calls only/],
      [{ restrictions: { enabled: true } }, /some calls only/],
      [{ constrainedServicesOnly: true }, /constraints/],
      [{ authorizedEntities: ['group_others', 'route_other'] }, /not granted/],
      [limited, /rights are limited/],
      [{ clientId: 5 }, /cannot be read/],
    ] as const)
      assert.match(judge(change) ?? 'nothing', why)
    // A call for a user has his rights, whatever those of the key.
    assert.equal(judge(limited, true), null)
    const copy = routeOf({ metadata: { 'otoroshi-core-original-route-id': 'else' } })
    assert.match(judge({ authorizedEntities: ['route_admin'] }, false, copy) ?? 'nothing', /not granted/)
  })
})
