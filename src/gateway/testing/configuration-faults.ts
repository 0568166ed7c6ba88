/** Generated configurations that are intact, and ways to break them that must never widen access (law 1). */
import fc from 'fast-check'
import { misbehaving } from './misbehaving-plugins.ts'

export type Json = Record<string, unknown>

/** What a gateway serves: one guarded route, its stored backend and the global configuration. */
export interface World {
  readonly route: Json
  readonly backend: Json
  readonly globals: Json
}

/** A stored text; the world as it is stored. */
export interface StoredWorld {
  readonly route: string
  readonly backend: string | null
  readonly globals: string
}

export interface Fault {
  readonly name: string
  readonly stored: StoredWorld
}

const paths = ['/', '/a', '/a/b', '/admin', '/admin/x', '/%61dmin/x']
const patterns = ['/a.*', '/admin(/.*)?', '(?i)/A.*', '\\Q/admin/x\\E', '/\\p{Lower}+']

const limits = fc.record(
  {
    include: fc.subarray(patterns, { maxLength: 2 }),
    exclude: fc.subarray(patterns, { maxLength: 1 }),
    plugin_index: fc.record({
      validate_access: fc.integer({ min: -3, max: 3 }),
      pre_route: fc.double({ min: 0, max: 2, noNaN: true }),
    }),
  },
  { requiredKeys: [] },
)
const guardSlot = fc
  .tuple(
    limits,
    fc.oneof(
      fc.constant({ plugin: 'guard.header', config: { header: 'x-key', value: 'good' } }),
      fc
        .constantFrom('/a', '/admin', '/admin/x')
        .map(prefix => ({ plugin: 'guard.path', config: { prefix } })),
      fc.constant({ plugin: 'guard.method' }),
    ),
  )
  .map(([more, slot]): Json => ({ enabled: true, ...more, ...slot }))
const slot = fc.oneof(
  { weight: 4, arbitrary: guardSlot },
  {
    weight: 1,
    arbitrary: fc
      .array(guardSlot, { minLength: 1, maxLength: 2 })
      .map((slots): Json => ({ plugin: 'preset', enabled: true, config: { slots } })),
  },
)

/** An intact world; the backends listen on `port`. */
export function worlds(port: number): fc.Arbitrary<World> {
  const target = { id: 't', hostname: '127.0.0.1', port, tls: false }
  return fc
    .record({
      slots: fc.array(slot, { minLength: 1, maxLength: 4 }),
      global: fc.array(guardSlot, { maxLength: 1 }),
      stored: fc.boolean(),
      frontend: fc.record(
        {
          domains: fc.subarray(['api.test', 'api.test/a', '*.test/admin'], { minLength: 1 }),
          headers: fc.constantFrom({ 'x-tenant': 'one' }, { 'x-tenant': 'Regex(o.*)' }),
          methods: fc.constant(['GET', 'DELETE']),
          strip_path: fc.boolean(),
        },
        { requiredKeys: ['domains'] },
      ),
    })
    .map(({ slots, global, stored, frontend }) => ({
      route: {
        id: 'guarded',
        name: 'guarded',
        description: '',
        tags: ['t'],
        metadata: { a: 'b' },
        groups: ['g'],
        bound_listeners: [],
        frontend,
        backend: { root: '/', targets: stored ? [] : [target] },
        ...(stored && { backend_ref: 'stored' }),
        plugins: slots,
      },
      backend: { id: 'stored', name: 'stored', backend: { targets: [target] } },
      globals: { trustXForwarded: true, plugins: { enabled: true, refs: [], config: { ng: global } } },
    }))
}

/** A request a client may send. */
export const requests = fc.record({
  method: fc.constantFrom('GET', 'GET', 'DELETE', 'POST'),
  path: fc.constantFrom(...paths),
  headers: fc.record(
    { 'x-key': fc.constantFrom('good', 'good', 'bad'), 'x-tenant': fc.constantFrom('one', 'one', 'two') },
    { requiredKeys: [] },
  ),
})

export function store({ route, backend, globals }: World): StoredWorld {
  return {
    route: JSON.stringify(route),
    backend: JSON.stringify(backend),
    globals: JSON.stringify(globals),
  }
}

const ids = fc.oneof(
  fc.constantFrom('nope', '', 'constructor', '__proto__', 'toString', 'file', 'blacklisted'),
  // One that agrees to everything is no fault but another plugin.
  fc.constantFrom(...misbehaving.map(plugin => plugin.id).filter(id => id !== 'matchRoute answers true')),
)

/** A value of another JSON type than `value`, not null. */
function otherType(value: unknown): fc.Arbitrary<unknown> {
  const types: [string, unknown[]][] = [
    ['string', ['', 'text', '[]']],
    ['number', [0, 1, -1.5, 1e300]],
    ['boolean', [true, false]],
    ['list', [[[]], [5], [[]], [null]]],
    ['object', [{}, { a: 1 }, { slots: 5 }]],
  ]
  const own = Array.isArray(value)
    ? 'list'
    : value !== null && typeof value === 'object'
      ? 'object'
      : typeof value
  return fc.constantFrom(...types.filter(([type]) => type !== own).flatMap(([, values]) => values))
}

type Path = readonly (string | number)[]

/** Paths of every value in a JSON text that the schema knows. */
function everyPath(json: unknown, at: Path = []): Path[] {
  if (typeof json !== 'object' || json === null) return [at]
  const below = Object.entries(json).flatMap(([key, value]) =>
    everyPath(value, [...at, Array.isArray(json) ? Number(key) : key]),
  )
  return at.length === 0 ? below : [at, ...below]
}

function valueAt(json: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Json)[key], json)
}

/** A copy with the value at `path` replaced, or left out when `value` is undefined. */
function withValue(json: Json, path: Path, value: unknown): Json {
  const copy = structuredClone(json)
  const parent = valueAt(copy, path.slice(0, -1)) as Json
  const key = path.at(-1)!
  if (value !== undefined) parent[key] = value
  else if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete parent[key]
  return copy
}

const isEnabled = (path: Path): boolean => path.at(-1) === 'enabled'

function slotsOf(route: Json): Json[] {
  return route['plugins'] as Json[]
}

const named = (name: string, make: (world: World) => fc.Arbitrary<StoredWorld>) => (world: World) =>
  make(world).map((stored): Fault => ({ name, stored }))

const onRoute = (name: string, make: (route: Json) => fc.Arbitrary<Json>) =>
  named(name, world => make(world.route).map(route => store({ ...world, route })))

const badConfigs = fc.constantFrom<unknown>(
  {},
  { header: 5 },
  { header: null, value: [] },
  { prefix: {} },
  { slots: {} },
)

const kinds: readonly ((world: World) => fc.Arbitrary<Fault>)[] = [
  onRoute('a plugin that is unknown or breaks, anywhere', route =>
    fc.tuple(ids, fc.nat({ max: slotsOf(route).length })).map(([id, at]) => {
      const slots = [...slotsOf(route)]
      slots.splice(at, 0, { plugin: id, enabled: true })
      return { ...route, plugins: slots }
    }),
  ),
  onRoute('the id of a guard misspelt', route =>
    fc
      .nat({ max: slotsOf(route).length - 1 })
      .chain(at => ids.map(id => withValue(route, ['plugins', at, 'plugin'], id))),
  ),
  onRoute('a bad plugin configuration', route =>
    fc
      .tuple(fc.nat({ max: slotsOf(route).length - 1 }), badConfigs)
      .map(([at, config]) => withValue(route, ['plugins', at, 'config'], config)),
  ),
  onRoute('a preset that fails', route =>
    fc.tuple(ids, fc.boolean()).map(([id, sole]) => ({
      ...route,
      plugins: [
        {
          plugin: 'preset',
          config: { slots: sole ? [{ plugin: id }] : [...slotsOf(route), { plugin: id }] },
        },
        ...slotsOf(route),
      ],
    })),
  ),
  onRoute('a bad include or exclude', route =>
    fc
      .tuple(
        fc.nat({ max: slotsOf(route).length - 1 }),
        fc.constantFrom('include', 'exclude'),
        fc.constantFrom<unknown>(
          ['('],
          ['/a', '[z-a]'],
          '/a',
          [5],
          ['*'],
          ['(?<n>'],
          ['a'.repeat(5000)],
          [`(${'a?'.repeat(40)}){50}(`],
          { 0: '/a' },
        ),
      )
      .map(([at, key, value]) => withValue(route, ['plugins', at, key], value)),
  ),
  onRoute('a value of a wrong type, anywhere', route =>
    fc
      .constantFrom(...everyPath(route).filter(path => !isEnabled(path)))
      .chain(path => otherType(valueAt(route, path)).map(value => withValue(route, path, value))),
  ),
  onRoute('a field of a slot left out or null', route =>
    fc
      .constantFrom(
        ...everyPath(route).filter(
          p =>
            p[0] === 'plugins' &&
            p.length > 2 &&
            !isEnabled(p) &&
            !isInPreset(p) &&
            typeof p.at(-1) === 'string',
        ),
      )
      .chain(path => fc.constantFrom(undefined, null).map(value => withValue(route, path, value))),
  ),
  onRoute('a backend that does not exist', route =>
    fc.constantFrom('nope', '', '__proto__', 'stored ').map(backend_ref => ({ ...route, backend_ref })),
  ),
  onRoute('faulty conditions of the frontend', route =>
    fc
      .constantFrom<Json>(
        { headers: { 'x-tenant': 'Regex((' } },
        { headers: { 'x-tenant': 5 } },
        { query: { q: 'Regex([z-a])' } },
        { cookies: { c: 'Regex((?<n>)' } },
        { methods: 'GET' },
        { methods: [1] },
        { exact: 'yes' },
      )
      .map(more => ({ ...route, frontend: { ...(route['frontend'] as Json), ...more } })),
  ),
  named('a stored backend that is broken or gone', world =>
    fc
      .constantFrom<string | null>(
        null,
        '{',
        '[]',
        'null',
        '5',
        JSON.stringify({ id: 'stored' }),
        JSON.stringify({ id: 'stored', name: 's', backend: { targets: [{ hostname: 'a b', port: 'x' }] } }),
      )
      .map(backend => ({ ...store(world), backend })),
  ),
  named('a stored route that cannot be read', world =>
    fc
      .constantFrom(
        '',
        '{',
        '[]',
        'null',
        '"text"',
        store(world).route.slice(0, -1),
        `${store(world).route} x`,
      )
      .map(route => ({ ...store(world), route })),
  ),
  named('a global configuration with values of wrong types', world =>
    fc
      .constantFrom(...everyPath(world.globals).filter(path => !isEnabled(path)))
      .chain(path =>
        otherType(valueAt(world.globals, path)).map(value =>
          store({ ...world, globals: withValue(world.globals, path, value) }),
        ),
      ),
  ),
  named('a global plugin that is unknown or breaks', world =>
    fc.tuple(ids, fc.constantFrom('ng', 'incoming_request_validators')).map(([id, list]) => {
      const { globals } = world
      const config = valueAt(globals, ['plugins', 'config']) as Json
      const slots = [...((config[list] as Json[] | undefined) ?? []), { plugin: id }]
      return store({ ...world, globals: withValue(globals, ['plugins', 'config', list], slots) })
    }),
  ),
  named('a stored global configuration that cannot be read', world =>
    fc.constantFrom('', '{', '[]', 'null', '5').map(globals => ({ ...store(world), globals })),
  ),
]

/** The slots inside a preset are its settings: the schema of the preset in these tests takes any. */
function isInPreset(path: Path): boolean {
  return path.includes('slots')
}

/** Any fault of a world. */
export function faultsOf(world: World): fc.Arbitrary<Fault> {
  return fc.constantFrom(...kinds).chain(kind => kind(world))
}
