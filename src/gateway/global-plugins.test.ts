/** Plugins that act outside of routes, and slots that stand for others. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { answer, refuse } from '../plugin/answer.ts'
import type { PluginDefinition, PluginInstance } from '../plugin/contract.ts'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, testRoute } from './testing/test-gateway.ts'
import { testPlugin } from './testing/test-plugin.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(
  plugins: readonly PluginDefinition<never>[],
  global: { ng?: unknown; incoming_request_validators?: unknown },
  route: Record<string, unknown> = {},
) {
  const backend = await openRawBackend(socket => void socket.write(plainAnswer('backend')))
  const gateway = await openTestGateway({ plugins })
  open.push(gateway, backend)
  await gateway.write(
    ['GlobalConfig', { plugins: { config: global } }],
    ['Route', testRoute('a', 'a.test', backend.port, route)],
    ['Route', testRoute('b', 'b.test/sub', backend.port)],
  )
  return { gateway, backend }
}

const slots = (...ids: string[]) => ids.map(plugin => ({ plugin }))

for (const [how, later] of [
  ['at once', <T>(value: T): T | Promise<T> => value],
  ['after a while', <T>(value: T): T | Promise<T> => new Promise(go => setImmediate(() => go(value)))],
] as const)
  describe(`a validator of incoming requests that decides ${how}`, () => {
    const seen: string[] = []
    const named = (id: string, refuses: boolean): PluginDefinition<never> =>
      testPlugin(id, {
        incoming: request => {
          seen.push(`${id} ${request.path}`)
          return later(refuses ? refuse('ip_not_allowed') : undefined)
        },
      })

    it('comes before routing, and the first refusal counts', async () => {
      seen.length = 0
      const { gateway, backend } = await setUp(
        [named('one', false), named('two', true), named('three', true)],
        {
          incoming_request_validators: slots('one', 'two', 'three'),
        },
      )
      for (const url of ['http://a.test/x', 'http://nobody.test/x']) {
        const got = await gateway.call(url)
        assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [403, 'ip_not_allowed'])
      }
      assert.deepEqual(seen, ['one /x', 'two /x', 'one /x', 'two /x'])
      assert.deepEqual([backend.requests.length, gateway.inFlight], [0, 0])
    })

    it('lets pass what it does not refuse', async () => {
      const { gateway } = await setUp([named('one', false)], { incoming_request_validators: slots('one') })
      assert.equal((await gateway.call('http://a.test/')).body, 'backend')
    })
  })

describe('a validator of incoming requests', () => {
  it('that fails, or cannot be made, lets nothing pass', async () => {
    const failing: PluginInstance['incoming'][] = [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => 'yes' as never,
    ]
    for (const incoming of failing) {
      const { gateway, backend } = await setUp([testPlugin('p', { incoming: incoming! })], {
        incoming_request_validators: slots('p'),
      })
      assert.equal((await gateway.call('http://a.test/')).status, 500)
      assert.equal(backend.requests.length, 0)
    }
    const { gateway } = await setUp([], { incoming_request_validators: slots('gone') })
    const got = await gateway.call('http://a.test/')
    assert.deepEqual(
      [got.status, got.headers['otoroshi-error-reason']],
      [503, 'plugin.unknown; plugin="gone"'],
    )
  })
})

describe('validators, routers and sinks', () => {
  const seen: string[] = []
  const noting = (id: string, phase: 'incoming' | 'router' | 'sink'): PluginDefinition<never> =>
    testPlugin(id, { [phase]: () => void seen.push(id) })
  const asked = async (gateway: { call(url: string): Promise<unknown> }, url: string): Promise<string[]> => {
    seen.length = 0
    await gateway.call(url)
    return [...seen]
  }

  it('are asked in the order of their index, then of the list', async () => {
    const ids = ['one', 'two', 'three', 'four'] as const
    const ordered = (prefix: string, index: string) => [
      { plugin: `${prefix}-one` },
      { plugin: `${prefix}-two` },
      { plugin: `${prefix}-three`, plugin_index: { [index]: 2 } },
      { plugin: `${prefix}-four`, plugin_index: { [index]: 1.5 } },
    ]
    const { gateway } = await setUp(
      (['incoming', 'router', 'sink'] as const).flatMap(phase =>
        ids.map(id => noting(`${phase}-${id}`, phase)),
      ),
      {
        // Otoroshi has no indexes of their own for validators and routers.
        incoming_request_validators: ordered('incoming', 'validate_access'),
        ng: [...ordered('router', 'sink'), ...ordered('sink', 'sink')],
      },
    )
    const inOrder = (phase: string) => ['four', 'three', 'one', 'two'].map(id => `${phase}-${id}`)
    assert.deepEqual(await asked(gateway, 'http://a.test/'), [...inOrder('incoming'), ...inOrder('router')])
    assert.deepEqual(await asked(gateway, 'http://nobody.test/'), [
      ...inOrder('incoming'),
      ...inOrder('router'),
      ...inOrder('sink'),
    ])
  })

  it('keep to their paths and listeners', async () => {
    const conditions = (prefix: string) => [
      { plugin: `${prefix}-in`, include: ['/x.*'] },
      { plugin: `${prefix}-out`, exclude: ['/x.*'] },
      { plugin: `${prefix}-here`, bound_listeners: ['standard-listener'] },
      { plugin: `${prefix}-there`, bound_listeners: ['other'] },
      { plugin: `${prefix}-off`, enabled: false },
    ]
    const { gateway } = await setUp(
      (['incoming', 'router', 'sink'] as const).flatMap(phase =>
        ['in', 'out', 'here', 'there', 'off'].map(id => noting(`${phase}-${id}`, phase)),
      ),
      {
        incoming_request_validators: conditions('incoming'),
        ng: [...conditions('router'), ...conditions('sink')],
      },
    )
    const both = (part: string) => ['incoming', 'router', 'sink'].flatMap(p => [`${p}-${part}`, `${p}-here`])
    assert.deepEqual(await asked(gateway, 'http://nobody.test/xy'), both('in'))
    assert.deepEqual(await asked(gateway, 'http://nobody.test/y'), both('out'))
  })
})

describe('a router plugin', () => {
  it('chooses a route before the paths are asked, or leaves the choice to them', async () => {
    const router = testPlugin('router', {
      router: ({ headers }) => headers.get('x-route'),
    })
    const { gateway } = await setUp([router], { ng: slots('router') })
    assert.equal((await gateway.call('http://nobody.test/')).status, 404)
    assert.equal((await gateway.call('http://nobody.test/', { headers: { 'X-Route': 'a' } })).body, 'backend')
    assert.equal((await gateway.call('http://nobody.test/', { headers: { 'X-Route': 'gone' } })).status, 404)
    assert.equal((await gateway.call('http://a.test/')).body, 'backend')
  })

  it('chooses no route that is off or belongs to another listener', async () => {
    const router = testPlugin('router', { router: ({ headers }) => headers.get('x-route') })
    const { gateway, backend } = await setUp([router], { ng: slots('router') })
    await gateway.write(
      ['Route', testRoute('off', 'off.test', backend.port, { enabled: false })],
      ['Route', testRoute('bound', 'bound.test', backend.port, { bound_listeners: ['other'] })],
    )
    for (const id of ['off', 'bound'])
      assert.equal((await gateway.call('http://nobody.test/', { headers: { 'X-Route': id } })).status, 404)
  })

  it('that answers with something else than a text answers 500', async () => {
    for (const chosen of [Promise.resolve('a'), null, 7]) {
      const router = testPlugin('router', { router: () => chosen as never })
      const { gateway } = await setUp([router], { ng: slots('router') })
      assert.equal((await gateway.call('http://a.test/')).status, 500)
    }
  })

  it('that fails answers 500', async () => {
    const router = testPlugin('router', {
      router: () => {
        throw new Error('no')
      },
    })
    const { gateway, backend } = await setUp([router], { ng: slots('router') })
    const got = await gateway.call('http://a.test/')
    assert.deepEqual(
      [got.status, got.headers['otoroshi-error-reason']],
      [500, 'plugin.failed; plugin="router"'],
    )
    assert.equal(backend.requests.length, 0)
  })
})

describe('a sink', () => {
  it('answers what no route wants, the first that will', async () => {
    const quiet = testPlugin('quiet', { sink: () => undefined })
    const taking = testPlugin('taking', { sink: request => answer(202, [], `sunk ${request.path}`) })
    const late = testPlugin('late', { sink: () => answer(203) })
    const { gateway } = await setUp([quiet, taking, late], { ng: slots('quiet', 'taking', 'late') })
    assert.deepEqual(
      [await gateway.call('http://nobody.test/x'), await gateway.call('http://a.test/x')].map(got => [
        got.status,
        got.body,
      ]),
      [
        [202, 'sunk /x'],
        [200, 'backend'],
      ],
    )
  })

  it('goes on with the next when one takes its time and answers nothing', async () => {
    const waiting = testPlugin('waiting', { sink: async () => undefined })
    const taking = testPlugin('taking', { sink: async () => answer(202) })
    const { gateway } = await setUp([waiting, taking], { ng: slots('waiting', 'taking') })
    assert.equal((await gateway.call('http://nobody.test/')).status, 202)
    const alone = await setUp([waiting], { ng: slots('waiting') })
    const got = await alone.gateway.call('http://nobody.test/')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [404, 'route.not_found'])
    assert.equal(alone.gateway.inFlight, 0)
  })

  it('that fails answers 500', async () => {
    const failing = [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => 'yes' as never,
    ]
    for (const sink of failing) {
      const { gateway } = await setUp([testPlugin('sink', { sink })], { ng: slots('sink') })
      const got = await gateway.call('http://nobody.test/')
      assert.deepEqual(
        [got.status, got.headers['otoroshi-error-reason']],
        [500, 'plugin.failed; plugin="sink"'],
      )
    }
  })

  it('that cannot be made is told to whom no route wants, and routers are asked all the same', async () => {
    const id = 'cp:otoroshi.next.plugins.WasmSink'
    const broken = testPlugin(id, () => {
      throw new Error('no wasm')
    })
    const router = testPlugin('router', { router: ({ headers }) => headers.get('x-route') })
    const { gateway } = await setUp([broken, router], { ng: slots(id, 'router') })
    const lost = await gateway.call('http://nobody.test/')
    assert.deepEqual(
      [lost.status, lost.headers['otoroshi-error-reason']],
      [503, `plugin.setup_failed; plugin="${id}"`],
    )
    assert.equal((await gateway.call('http://nobody.test/', { headers: { 'X-Route': 'a' } })).body, 'backend')
    assert.equal((await gateway.call('http://a.test/')).body, 'backend')
  })
})

describe('a preset', () => {
  const stamp = (id: string): PluginDefinition<never> =>
    testPlugin(id, { request: ({ upstream }) => upstream.headers.append('X-Order', id) })

  it('is replaced by its plugins, in its place, with conditions of their own', async () => {
    const preset = testPlugin('preset', {
      expand: () => [
        { plugin: 'one' },
        { plugin: 'two', include: ['/two'] },
        { plugin: 'off', enabled: false },
        { plugin: 'nested' },
      ],
    })
    const nested = testPlugin('nested', { expand: () => [{ plugin: 'three' }] })
    const plugins = ['before', 'one', 'two', 'three', 'off', 'after'].map(stamp)
    const { gateway, backend } = await setUp(
      [preset, nested, ...plugins],
      {},
      { plugins: slots('before', 'preset', 'after') },
    )
    await gateway.call('http://a.test/')
    await gateway.call('http://a.test/two')
    const orders = backend.requests.map(head => [...head.matchAll(/X-Order: (\w+)/g)].map(found => found[1]))
    assert.deepEqual(orders, [
      ['before', 'one', 'three', 'after'],
      ['before', 'one', 'two', 'three', 'after'],
    ])
  })

  it('of something unknown closes the route', async () => {
    const preset = testPlugin('preset', { expand: () => [{ plugin: 'gone' }] })
    const { gateway } = await setUp([preset], {}, { plugins: slots('preset') })
    const got = await gateway.call('http://a.test/')
    assert.deepEqual(
      [got.status, got.headers['otoroshi-error-reason']],
      [503, 'plugin.unknown; plugin="gone"'],
    )
  })

  it('of itself closes the route', async () => {
    const preset = testPlugin('preset', { expand: () => [{ plugin: 'preset' }] })
    const { gateway } = await setUp([preset], {}, { plugins: slots('preset') })
    assert.equal((await gateway.call('http://a.test/')).status, 503)
  })
})

describe('the order of plugins', () => {
  it('of errors is that of responses', async () => {
    const named = (id: string): PluginDefinition<never> =>
      testPlugin(id, {
        error: () => answer(418, [], id),
        response: ({ response }) => response.headers.append('X-Order', id),
      })
    const deny = testPlugin('deny', {
      access: ({ request }) => (request.path === '/deny' ? refuse('ip_not_allowed') : undefined),
    })
    const { gateway } = await setUp(
      [deny, named('one'), named('two')],
      {},
      {
        plugins: [
          { plugin: 'deny' },
          { plugin: 'one' },
          { plugin: 'two', plugin_index: { transform_response: 1 } },
        ],
      },
    )
    assert.equal((await gateway.call('http://a.test/')).headers['x-order'], 'two, one')
    assert.equal((await gateway.call('http://a.test/deny')).body, 'two')
  })

  it('puts global plugins first, and conditions hold for each phase', async () => {
    const seen: string[] = []
    const named = (id: string): PluginDefinition<never> =>
      testPlugin(id, {
        preRoute: () => void seen.push(`${id} preRoute`),
        response: () => void seen.push(`${id} response`),
        afterRequest: () => void seen.push(`${id} after`),
      })
    const { gateway } = await setUp(
      [named('own'), named('all')],
      { ng: [{ plugin: 'all', exclude: ['/quiet'] }] },
      { plugins: slots('own') },
    )
    await gateway.call('http://a.test/')
    await gateway.call('http://a.test/quiet')
    assert.deepEqual(seen, [
      'all preRoute',
      'own preRoute',
      'all response',
      'own response',
      'all after',
      'own after',
      'own preRoute',
      'own response',
      'own after',
    ])
  })
})
