import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { answer, refuse } from '../../plugin/answer.ts'
import { openRawBackend, plainAnswer } from '../testing/test-backend.ts'
import { openTestGateway, type TestGatewayOptions, testRoute } from '../testing/test-gateway.ts'
import { testPlugin } from '../testing/test-plugin.ts'
import type { FlowReport } from './flow.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(options: TestGatewayOptions, route: Record<string, unknown>, engine = {}) {
  const backend = await openRawBackend(socket => void socket.write(plainAnswer('hello')))
  const gateway = await openTestGateway(options)
  open.push(gateway, backend)
  const globals = { plugins: { config: { NextGenProxyEngine: engine } } }
  await gateway.write(['GlobalConfig', globals], ['Route', testRoute('r', 'api.test', backend.port, route)])
  return { gateway, flows: gateway.flows as FlowReport[] }
}

interface PluginNote {
  readonly plugin: string
  readonly execution_debug: {
    readonly in?: { ctx: Snapshot }
    readonly out: { ctx?: Snapshot; result: unknown }
  }
}
interface Snapshot {
  readonly request: { readonly method: string; readonly headers: readonly { key: string; value: string }[] }
  readonly otoroshi_request?: {
    readonly path: string
    readonly headers: readonly { key: string; value: string }[]
  }
  readonly otoroshi_response?: { readonly status: number }
}

const notesOf = (report: FlowReport): PluginNote[] =>
  report.steps.flatMap(step => ((step['ctx'] as Record<string, unknown>)['plugins'] ?? []) as PluginNote[])

const stamping = testPlugin('stamp', {
  request: ({ upstream }) => upstream.headers.set('X-Stamp', 'set'),
  response: ({ response }) => void (response.status = 203),
})
const silent = testPlugin('silent', { access: () => undefined })

describe('a flow report', () => {
  it('tells every step once and without gaps, and what each plugin said', async () => {
    const { gateway, flows } = await setUp(
      { plugins: [silent, stamping, testPlugin('elsewhere', {})] },
      {
        debug_flow: true,
        plugins: [
          { plugin: 'silent' },
          { plugin: 'off', enabled: false },
          { plugin: 'elsewhere', include: ['/elsewhere'] },
          { plugin: 'stamp' },
        ],
      },
    )
    const got = await gateway.call('http://api.test/a?b')
    const report = flows[0]!
    assert.equal(report.id, got.headers['otoroshi-request-id'])
    assert.deepEqual(
      report.steps.map(step => step['task']),
      [
        'find-route',
        'compute-plugins',
        'call-access-validator-plugins',
        'choose-backend',
        'transform-request',
        'call-backend',
        'transform-response',
        'stream-response',
      ],
    )
    const starts = report.steps.map(step => Number(step['start']))
    const stops = report.steps.map(step => Number(step['stop']))
    for (let i = 1; i < starts.length; i++) assert.equal(starts[i], stops[i - 1])
    assert.deepEqual(report.steps[1]!['ctx'], {
      included_plugins: ['silent', 'stamp'],
      excluded_plugins: ['elsewhere'],
      disabled_plugins: ['off'],
    })
    const sum = report.steps.reduce((total, step) => total + Number(step['duration']), 0)
    assert.ok(Math.abs(sum - report.duration) < 0.02, `${sum} of ${report.duration}`)
    assert.ok(report.overhead_in > 0 && report.overhead_in + report.overhead_out <= report.duration + 0.01)
    assert.ok(Math.abs(report.overhead - report.overhead_in - report.overhead_out) < 0.01)
    assert.equal(report.state, 'Successful')
  })

  it('of a route with debug_flow shows what each plugin saw and left, without credentials', async () => {
    const { gateway, flows } = await setUp(
      { plugins: [stamping] },
      { debug_flow: true, plugins: [{ plugin: 'stamp' }] },
    )
    await gateway.call('http://api.test/', { headers: { Authorization: 'Basic c2VjcmV0' } })
    const [request, response] = notesOf(flows[0]!)
    const stamp = (seen?: Snapshot) =>
      seen?.otoroshi_request?.headers.find(({ key }) => key === 'X-Stamp')?.value
    assert.equal(stamp(request?.execution_debug.in?.ctx), undefined)
    assert.equal(stamp(request?.execution_debug.out.ctx), 'set')
    assert.equal(response?.execution_debug.in?.ctx.otoroshi_response?.status, 200)
    assert.equal(response?.execution_debug.out.ctx?.otoroshi_response?.status, 203)
    assert.doesNotMatch(JSON.stringify(flows), /c2VjcmV0/)
  })

  it('asked for otherwise shows that of plugins with debug alone', async () => {
    const { gateway, flows } = await setUp(
      { plugins: [silent, stamping], exported: true },
      { export_reporting: true, plugins: [{ plugin: 'silent' }, { plugin: 'stamp', debug: true }] },
    )
    await gateway.call('http://api.test/')
    assert.deepEqual(
      notesOf(flows[0]!).map(({ plugin, execution_debug }) => [plugin, execution_debug.in !== undefined]),
      [
        ['silent', false],
        ['stamp', true],
        ['stamp', true],
      ],
    )
  })

  it('tells who refused, and who failed', async () => {
    const deny = testPlugin('deny', { access: () => refuse('ip_not_allowed') })
    const fail = testPlugin('fail', {
      access: async () => {
        throw new Error('broken inside')
      },
    })
    for (const [id, kind] of [
      ['deny', 'denied'],
      ['fail', 'failure'],
    ] as const) {
      const { gateway, flows } = await setUp(
        { plugins: [deny, fail] },
        { debug_flow: true, plugins: [{ plugin: id }] },
      )
      await gateway.call('http://api.test/')
      const { result } = notesOf(flows[0]!)[0]!.execution_debug.out as { result: { kind: string } }
      assert.equal(result.kind, kind)
      assert.equal(flows[0]!.state, 'Failed')
      assert.ok(flows[0]!.steps.some(step => step['task'] === 'request-failure'))
    }
  })

  it('tells each attempt with its target and why it failed', async () => {
    const { gateway, flows } = await setUp({}, {})
    const alive = await openRawBackend(socket => void socket.write(plainAnswer('alive')))
    const dying = await openRawBackend(socket => socket.destroy())
    open.push(alive, dying)
    const targets = [dying, alive].map(({ port }) => ({ hostname: '127.0.0.1', port }))
    const backend = {
      targets,
      load_balancing: { type: 'NaiveFailover' },
      client: { retries: 2, retry_initial_delay: 1 },
    }
    await gateway.write(['Route', testRoute('r', 'api.test', 1, { debug_flow: true, backend })])
    assert.equal((await gateway.call('http://api.test/x')).body, 'alive')
    const told = flows[0]!.steps
      .filter(({ task }) => task === 'choose-backend' || task === 'call-backend')
      .map(({ task, ctx }) => {
        const { attempt, target, failure, status } = ctx as Record<string, never>
        return [task, attempt, String(target).endsWith(`:${dying.port}`), failure?.['fault'], status]
      })
    assert.deepEqual(told, [
      ['choose-backend', 1, true, undefined, undefined],
      ['call-backend', 1, true, 'closed_early', undefined],
      ['choose-backend', 2, false, undefined, undefined],
      ['call-backend', 2, false, undefined, 200],
    ])
  })

  it('tells the candidates and the first condition each of them fails, of whomever it is asked', async () => {
    const asked: string[] = []
    const choosy = testPlugin('choosy', {
      matchRoute: ({ path }) => {
        asked.push(path)
        return path === '/b'
      },
    })
    for (const [options, more] of [
      [{}, { debug_flow: true }],
      [{ wanted: true }, {}],
    ] as const) {
      const { gateway, flows } = await setUp({ plugins: [choosy], ...options }, more)
      const route = (id: string, frontend: Record<string, unknown>, rest = {}) =>
        [
          'Route',
          testRoute(id, '', 1, { frontend: { domains: ['api.test'], ...frontend }, ...rest }),
        ] as const
      await gateway.write(
        route('a-post', { methods: ['POST'], headers: { 'X-A': '1' }, query: { q: '1' } }),
        route('b-header', { headers: { 'X-A': 'Exists()' }, cookies: { c: '1' } }),
        route('c-plugin', { query: { b: 'Exists()' } }, { plugins: [{ plugin: 'choosy' }] }),
        route('z-off', {}, { enabled: false }),
        route('z-behind', {}),
      )
      // Conditions of plugins count once the route is made.
      await gateway.call('http://api.test/b?b=1', { headers: {} })
      flows.length = asked.length = 0
      await gateway.call('http://api.test/a?b=1')
      const ctx = flows[0]!.steps[0]!['ctx'] as Record<string, unknown>
      assert.deepEqual(ctx['candidates'], {
        outcome: 'matched',
        matched_path: '',
        candidates: [
          { id: 'a-post', failed: 'method', chosen: false },
          { id: 'b-header', failed: 'header:X-A', chosen: false },
          { id: 'c-plugin', failed: 'plugin', chosen: false },
          { id: 'r', failed: null, chosen: true },
          { id: 'z-behind', failed: null, chosen: false },
          { id: 'z-off', failed: 'enabled', chosen: false },
        ],
      })
      assert.deepEqual(asked, ['/a'])
    }
  })

  it('tells what validators, routers, sinks and plugins of errors said', async () => {
    const plugins = [
      testPlugin('validator', { incoming: async () => undefined }),
      testPlugin('router', { router: ({ headers }) => headers.get('x-route') }),
      testPlugin('sink', { sink: () => refuse('ip_not_allowed') }),
      testPlugin('deny', { access: () => refuse('ip_not_allowed') }),
      testPlugin('error', { error: () => undefined }),
      testPlugin('failing', {
        error: () => {
          throw new Error('broken')
        },
      }),
    ]
    const { gateway, flows } = await setUp(
      { plugins, wanted: true },
      { plugins: [{ plugin: 'deny' }, { plugin: 'error' }, { plugin: 'failing', debug: true }] },
    )
    await gateway.write([
      'GlobalConfig',
      {
        plugins: {
          config: {
            incoming_request_validators: [{ plugin: 'validator', debug: true }],
            ng: [{ plugin: 'router' }, { plugin: 'sink' }],
          },
        },
      },
    ])
    // A route is made at its first call, and looked for again once it is.
    await gateway.call('http://api.test/')
    flows.length = 0
    const said = (): unknown[] => {
      const report = flows.shift()!
      const sum = report.steps.reduce((total, step) => total + Number(step['duration']), 0)
      assert.ok(Math.abs(sum - report.duration) < 0.02, `${sum} of ${report.duration}`)
      return report.steps.flatMap(step =>
        notesOf({ ...report, steps: [step] }).map(({ plugin, execution_debug }) => [
          step['task'],
          plugin,
          (execution_debug.out.result as { kind: string }).kind,
          execution_debug.in !== undefined,
        ]),
      )
    }
    await gateway.call('http://nobody.test/')
    assert.deepEqual(said(), [
      ['validate-incoming-request', 'validator', 'successful', true],
      ['find-route', 'router', 'successful', false],
      ['find-route', 'sink', 'denied', false],
    ])
    await gateway.call('http://nobody.test/', { headers: { 'X-Route': 'r' } })
    assert.deepEqual(said(), [
      ['validate-incoming-request', 'validator', 'successful', true],
      ['find-route', 'router', 'successful', false],
      ['call-access-validator-plugins', 'deny', 'denied', false],
      ['request-failure', 'error', 'successful', false],
      ['request-failure', 'failing', 'failure', true],
    ])
  })

  it('is made for export_reporting of the route or the engine, when somebody takes it, and for nobody else', async () => {
    const quiet = await setUp({ exported: true }, {})
    await quiet.gateway.call('http://api.test/')
    const nobody = await setUp({}, { export_reporting: true })
    await nobody.gateway.call('http://api.test/')
    assert.deepEqual([quiet.flows.length, nobody.flows.length], [0, 0])
    const route = await setUp({ exported: true }, { export_reporting: true })
    await route.gateway.call('http://api.test/')
    const engine = await setUp({ exported: true }, {}, { export_reporting: true })
    await engine.gateway.call('http://api.test/')
    assert.deepEqual([route.flows.length, engine.flows.length], [1, 1])
  })
})

describe('debug headers', () => {
  it('are on every answer of a route while the engine says so', async () => {
    const mock = testPlugin('mock', { preRoute: () => answer(201, [], 'mocked') })
    const deny = testPlugin('deny', { access: () => refuse('ip_not_allowed') })
    for (const plugins of [[], [{ plugin: 'mock' }], [{ plugin: 'deny' }]]) {
      const { gateway } = await setUp({ plugins: [mock, deny] }, { plugins }, { debug_headers: true })
      const { headers } = await gateway.call('http://api.test/')
      assert.match(String(headers['x-otoroshi-request-duration']), /^\d+\.\d{3} (micros|millis)$/)
      assert.match(String(headers['x-otoroshi-request-overhead']), /^\d+\.\d{3} (micros|millis)$/)
      assert.match(String(headers['x-otoroshi-request-creation']), /^\d{4}-\d\d-\d\dT/)
      const failed = plugins[0]?.plugin === 'deny'
      assert.equal(headers['x-otoroshi-request-state'], failed ? 'Failed' : 'Successful')
      assert.equal(headers['x-otoroshi-request-failure'], failed ? 'ip_not_allowed' : undefined)
    }
  })

  it('are on answers of the gateway itself, too', async () => {
    const { gateway } = await setUp({}, {}, { debug: true })
    const { status, headers } = await gateway.call('http://nobody.test/')
    assert.equal(status, 404)
    assert.deepEqual(
      ['state', 'failure'].map(name => headers[`x-otoroshi-request-${name}`]),
      ['Failed', 'route.not_found'],
    )
    assert.match(String(headers['x-otoroshi-request-find-route-duration']), / (micros|millis)$/)
  })

  it('are on none otherwise', async () => {
    const { gateway } = await setUp({}, {})
    const { headers } = await gateway.call('http://api.test/')
    assert.equal(
      Object.keys(headers).some(name => name.startsWith('x-otoroshi')),
      false,
    )
  })
})
