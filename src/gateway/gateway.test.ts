import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { answer, refuse } from '../plugin/answer.ts'
import { definePlugin, type Phase, type PluginDefinition, type PluginInstance } from '../plugin/contract.ts'
import { schema } from '../schema/index.ts'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, type TestGatewayOptions, testRoute } from './testing/test-gateway.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

async function setUp(options: TestGatewayOptions = {}) {
  const backend = await openRawBackend((socket, head) => {
    socket.write(plainAnswer(`${head.split('\r\n')[0]}`, '200 OK', 'X-Answer: backend\r\n'))
  })
  const gateway = await openTestGateway(options)
  open.push(gateway, backend)
  return { gateway, backend }
}

function plugin(id: string, instance: PluginInstance | (() => PluginInstance)): PluginDefinition<never> {
  return definePlugin({
    id,
    name: id,
    description: '',
    family: 'test',
    steps: ['PreRoute'],
    config: schema.looseObject({}),
    setup: () => (typeof instance === 'function' ? instance() : instance),
  }) as PluginDefinition<never>
}

const slot = (id: string, more: Record<string, unknown> = {}) => ({
  plugin: id,
  enabled: true,
  config: {},
  ...more,
})

describe('a request through the gateway', () => {
  it('reaches the backend and comes back', async () => {
    const { gateway, backend } = await setUp()
    assert.deepEqual(await gateway.write(['Route', testRoute('r', 'api.test/v1', backend.port)]), [])
    const got = await gateway.call('http://api.test/v1/users?x=1')
    assert.equal(got.status, 200)
    assert.equal(got.body, 'GET /users?x=1 HTTP/1.1')
    assert.equal(got.headers['x-answer'], 'backend')
    assert.match(backend.requests[0]!, /\r\nHost: api\.test\r\n/)
    assert.equal(gateway.inFlight, 0)
    assert.equal(gateway.finished.length, 1)
  })

  it('that no route wants gets 404 with a reason', async () => {
    const { gateway } = await setUp()
    const got = await gateway.call('http://nobody.test/')
    assert.equal(got.status, 404)
    assert.equal(got.headers['otoroshi-error-reason'], 'route.not_found')
    assert.deepEqual(JSON.parse(got.body), { 'Otoroshi-Error': 'no route found !' })
  })

  it('does not carry the protocol fields of a client to the backend', async () => {
    const { gateway, backend } = await setUp()
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port)])
    const forged = {
      'Otoroshi-State': 's',
      'otoroshi-claim': 'c',
      'OTOROSHI-REQUEST-ID': 'r',
      'Otoroshi-Client-Id': 'i',
      'Otoroshi-Client-Secret': 's',
      'X-Forwarded-For': '1.2.3.4',
      'X-Forwarded-Proto': 'https',
    }
    await gateway.call('http://api.test/', { headers: forged })
    assert.doesNotMatch(backend.requests[0]!, /otoroshi|x-forwarded-(for|proto)/i)
  })

  it('with a path that hides another is refused', async () => {
    const { gateway, backend } = await setUp()
    await gateway.write(['Route', testRoute('r', 'api.test/public', backend.port)])
    for (const path of ['/public/%2e%2e/admin', '/public/..%2fadmin', '/public/%00', '/public\\..\\admin']) {
      const { request } = await import('node:http')
      const status = await new Promise(resolve => {
        const call = request(
          { host: '127.0.0.1', port: gateway.port, path, headers: { Host: 'api.test' } },
          r => {
            r.resume()
            resolve(r.statusCode)
          },
        )
        call.end()
      })
      assert.equal(status, 400, path)
    }
    assert.equal(backend.requests.length, 0)
  })
})

describe('phases', () => {
  it('run in order and may answer', async () => {
    const seen: string[] = []
    const note =
      (name: string): Phase =>
      () =>
        void seen.push(name)
    const { gateway, backend } = await setUp({
      plugins: [
        plugin('all', {
          beforeRequest: note('before'),
          preRoute: note('preRoute'),
          access: note('access'),
          request: note('request'),
          response: note('response'),
          afterRequest: () => void seen.push('after'),
        }),
      ],
    })
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins: [slot('all')] })])
    await gateway.call('http://api.test/')
    assert.deepEqual(seen, ['before', 'preRoute', 'access', 'request', 'response', 'after'])
  })

  it('wait for promises, and an answer stops them', async () => {
    const { gateway, backend } = await setUp({
      plugins: [
        plugin('slow', { access: async () => undefined }),
        plugin('deny', { access: async () => refuse('ip_not_allowed') }),
      ],
    })
    await gateway.write(
      ['Route', testRoute('a', 'a.test', backend.port, { plugins: [slot('slow')] })],
      ['Route', testRoute('b', 'b.test', backend.port, { plugins: [slot('slow'), slot('deny')] })],
    )
    assert.equal((await gateway.call('http://a.test/')).status, 200)
    const denied = await gateway.call('http://b.test/')
    assert.equal(denied.status, 403)
    assert.equal(denied.headers['otoroshi-error-reason'], 'ip_not_allowed')
    assert.equal(backend.requests.length, 1)
  })

  it('that throw or reject answer 500 and never let the request pass', async () => {
    for (const phase of ['beforeRequest', 'preRoute', 'access', 'request', 'response'] as const) {
      for (const fails of [
        () => {
          throw new Error('secret detail')
        },
        () => Promise.reject(new Error('secret detail')),
      ]) {
        const { gateway, backend } = await setUp({ plugins: [plugin('p', { [phase]: fails })] })
        await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins: [slot('p')] })])
        const got = await gateway.call('http://api.test/')
        assert.equal(got.status, 500, phase)
        assert.equal(got.headers['otoroshi-error-reason'], 'plugin.failed; plugin="p"')
        assert.doesNotMatch(got.body, /secret detail|HTTP\/1.1/)
        assert.equal(gateway.inFlight, 0)
      }
    }
  })

  it('order by plugin_index, then by place', async () => {
    const seen: string[] = []
    const named = (id: string) => plugin(id, { access: () => void seen.push(id) })
    const { gateway, backend } = await setUp({ plugins: [named('a'), named('b'), named('c')] })
    const plugins = [
      slot('a'),
      slot('b', { plugin_index: { validate_access: 1.5 } }),
      slot('c', { plugin_index: { validate_access: 1 } }),
    ]
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins })])
    await gateway.call('http://api.test/')
    assert.deepEqual(seen, ['c', 'b', 'a'])
  })

  it('keep to include, exclude and enabled', async () => {
    const seen: string[] = []
    const named = (id: string) => plugin(id, { access: () => void seen.push(id) })
    const { gateway, backend } = await setUp({ plugins: [named('in'), named('out'), named('off')] })
    const plugins = [
      slot('in', { include: ['/a/.*'] }),
      slot('out', { exclude: ['/a/.*'] }),
      slot('off', { enabled: false }),
    ]
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins })])
    await gateway.call('http://api.test/a/1')
    await gateway.call('http://api.test/b')
    assert.deepEqual(seen, ['in', 'out'])
    // Whichever of them a backend takes the path for: nobody gets round a plugin by an escape.
    seen.length = 0
    await gateway.call('http://api.test/a%2F1')
    assert.deepEqual(seen, ['in', 'out'])
  })

  it('of a preset take part where the preset does', async () => {
    const seen: string[] = []
    const part = plugin('part', { access: () => void seen.push('part') })
    const preset = plugin('preset', { expand: () => [slot('part', { exclude: ['/in/none'] })] })
    const { gateway, backend } = await setUp({ plugins: [part, preset] })
    const plugins = [slot('preset', { include: ['/in/.*'], exclude: ['/in/not'] })]
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins })])
    for (const path of ['/in/a', '/out', '/in/not', '/in/none']) {
      seen.length = 0
      await gateway.call(`http://api.test${path}`)
      assert.equal(seen.length, path === '/in/a' ? 1 : 0, path)
    }
  })

  it('of a backend plugin replace the backend, and its answer is transformed', async () => {
    const { gateway } = await setUp({
      plugins: [
        plugin('mock', { backend: () => answer(201, [['X-Mock', '1']], 'mocked') }),
        plugin('out', {
          response: exchange => exchange.response.headers.set('X-Out', String(exchange.response.status)),
        }),
      ],
    })
    const route = testRoute('r', 'api.test', 1, {
      backend: { targets: [] },
      plugins: [slot('mock'), slot('out')],
    })
    await gateway.write(['Route', route])
    const got = await gateway.call('http://api.test/')
    assert.deepEqual(
      [got.status, got.body, got.headers['x-mock'], got.headers['x-out']],
      [201, 'mocked', '1', '201'],
    )
  })

  it('read, replace and transform bodies', async () => {
    const backend = await openRawBackend(socket => void socket.write(plainAnswer('abc')))
    const gateway = await openTestGateway({
      plugins: [
        plugin('body', {
          response: async exchange => {
            const text = (await exchange.response.body.read(10)).toString()
            exchange.response.body.replace(text.toUpperCase())
          },
        }),
        plugin('bytes', {
          response: exchange =>
            exchange.response.body.transform({
              push: chunk => Buffer.concat([chunk, chunk]),
              end: () => Buffer.from('!'),
            }),
        }),
        plugin('tight', { response: async exchange => void (await exchange.response.body.read(2)) }),
      ],
    })
    open.push(gateway, backend)
    await gateway.write(
      ['Route', testRoute('a', 'a.test', backend.port, { plugins: [slot('body')] })],
      ['Route', testRoute('b', 'b.test', backend.port, { plugins: [slot('bytes')] })],
      ['Route', testRoute('c', 'c.test', backend.port, { plugins: [slot('tight')] })],
    )
    assert.equal((await gateway.call('http://a.test/')).body, 'ABC')
    assert.equal((await gateway.call('http://b.test/')).body, 'abcabc!')
    const tight = await gateway.call('http://c.test/')
    assert.deepEqual(
      [tight.status, tight.headers['otoroshi-error-reason']],
      [413, 'body_too_large; plugin="tight"'],
    )
  })

  it('of matching choose between routes', async () => {
    const { gateway, backend } = await setUp({
      plugins: [plugin('evening', { matchRoute: request => request.headers.get('x-time') === 'evening' })],
    })
    await gateway.write(
      [
        'Route',
        testRoute('a', 'api.test', backend.port, {
          plugins: [slot('evening')],
          backend: { root: '/evening', targets: [{ hostname: '127.0.0.1', port: backend.port }] },
        }),
      ],
      ['Route', testRoute('b', 'api.test', backend.port)],
    )
    assert.match(
      (await gateway.call('http://api.test/', { headers: { 'X-Time': 'evening' } })).body,
      /evening/,
    )
    assert.match((await gateway.call('http://api.test/')).body, /^GET \/ /)
  })
})

describe('faults of a route', () => {
  const guard = plugin('guard', { access: () => refuse('ip_not_allowed') })
  const invalid: PluginDefinition<never> = {
    ...guard,
    id: 'strict',
    config: schema.object({ size: schema.number() }) as never,
  }
  const throwing = plugin('throwing', () => {
    throw new Error('no')
  })
  const cases: [string, Record<string, unknown>, string][] = [
    ['an unknown plugin', { plugins: [slot('nope')] }, 'plugin.unknown; plugin="nope"'],
    [
      'a bad configuration',
      { plugins: [slot('strict', { config: { size: 'big' } })] },
      'plugin.invalid_config; plugin="strict"',
    ],
    [
      'a plugin that throws at setup',
      { plugins: [slot('throwing')] },
      'plugin.setup_failed; plugin="throwing"',
    ],
    ['a plugin whose file does not load', { plugins: [slot('file')] }, 'plugin.setup_failed; plugin="file"'],
    [
      'a bad include pattern',
      { plugins: [slot('guard', { include: ['('] })] },
      'plugin.setup_failed; plugin="guard"',
    ],
    ['a backend that does not exist', { backend_ref: 'nope' }, 'route.invalid'],
    ['a bad target', { backend: { targets: [{ hostname: 'a b', port: 80 }] } }, 'route.invalid'],
    [
      'a bad frontend',
      { frontend: { domains: ['api.test'], headers: { 'x-a': 'Regex(()' } } },
      'route.invalid',
    ],
  ]
  for (const [name, more, reason] of cases) {
    it(`close it: ${name}`, async () => {
      const { gateway, backend } = await setUp({
        plugins: [guard, invalid, throwing],
        broken: { file: 'syntax error' },
      })
      const faults = await gateway.write(
        ['Route', testRoute('bad', 'api.test', backend.port, more)],
        ['Route', testRoute('good', 'good.test', backend.port)],
      )
      assert.deepEqual(
        faults.map(f => [f.kind, f.id, reason.startsWith(f.reason)]),
        [['Route', 'bad', true]],
      )
      const got = await gateway.call('http://api.test/')
      assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [503, reason])
      assert.equal((await gateway.call('http://good.test/')).status, 200)
      // Corrected, it serves again.
      assert.deepEqual(await gateway.write(['Route', testRoute('bad', 'api.test', backend.port)]), [])
      assert.equal((await gateway.call('http://api.test/')).status, 200)
    })
  }
})

describe('revisions', () => {
  it('take effect for the next request, and removals too', async () => {
    const { gateway, backend } = await setUp()
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port)])
    assert.equal((await gateway.call('http://api.test/')).status, 200)
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { enabled: false })])
    assert.equal((await gateway.call('http://api.test/')).status, 404)
    await gateway.write(['Route', testRoute('r', 'other.test', backend.port)])
    assert.equal((await gateway.call('http://other.test/')).status, 200)
    await gateway.remove('Route', 'r')
    assert.equal((await gateway.call('http://other.test/')).status, 404)
  })

  it('of a backend reach the routes that use it', async () => {
    const { gateway, backend } = await setUp()
    const stored = (port: number) => ({
      id: 'b',
      name: 'b',
      backend: { targets: [{ hostname: '127.0.0.1', port }] },
    })
    await gateway.write(
      ['Backend', stored(backend.port)],
      ['Route', testRoute('r', 'api.test', 1, { backend_ref: 'b' })],
    )
    assert.equal((await gateway.call('http://api.test/')).status, 200)
    await gateway.write(['Backend', stored(1)])
    assert.equal((await gateway.call('http://api.test/')).status, 502)
    await gateway.remove('Backend', 'b')
    assert.equal((await gateway.call('http://api.test/')).status, 503)
  })

  it('keep the connections of routes they do not touch, and of those they touch', async () => {
    const { gateway, backend } = await setUp()
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port)])
    await gateway.call('http://api.test/')
    await gateway.write(['Route', testRoute('other', 'other.test', backend.port)])
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { description: 'changed' })])
    await gateway.call('http://api.test/')
    assert.equal(backend.sockets.size, 1)
  })

  it('let running requests finish on the route they began with', async () => {
    let release = (): void => {}
    const backend = await openRawBackend(socket => {
      release = () => void socket.write(plainAnswer('late'))
    })
    let disposed = 0
    const gateway = await openTestGateway({ plugins: [plugin('p', { dispose: () => void disposed++ })] })
    open.push(gateway, backend)
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins: [slot('p')] })])
    const running = gateway.call('http://api.test/')
    while (backend.requests.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    await gateway.remove('Route', 'r')
    assert.equal(disposed, 0)
    release()
    assert.equal((await running).body, 'late')
    assert.equal(disposed, 1)
  })

  it('of global plugins change every route', async () => {
    const { gateway, backend } = await setUp({
      plugins: [plugin('deny', { access: () => refuse('ip_not_allowed') })],
    })
    await gateway.write(['Route', testRoute('r', 'api.test', backend.port)])
    assert.equal((await gateway.call('http://api.test/')).status, 200)
    await gateway.write(['GlobalConfig', { plugins: { config: { ng: [slot('deny')] } } }])
    assert.equal((await gateway.call('http://api.test/')).status, 403)
    await gateway.write(['GlobalConfig', { plugins: { config: { ng: [slot('nope')] } } }])
    assert.equal((await gateway.call('http://api.test/')).status, 503)
    await gateway.write(['GlobalConfig', { maintenanceMode: true }])
    assert.equal((await gateway.call('http://api.test/')).headers['otoroshi-error-reason'], 'maintenance')
    await gateway.write(['GlobalConfig', {}])
    assert.equal((await gateway.call('http://api.test/')).status, 200)
  })

  it('expand route compositions', async () => {
    const { gateway, backend } = await setUp()
    const targets = [{ hostname: '127.0.0.1', port: backend.port }]
    const composition = {
      id: 'c',
      name: 'c',
      routes: [
        { frontend: { domains: ['c.test/a'] }, backend: { targets, root: '/first' } },
        { frontend: { domains: ['c.test/b'] }, backend: { targets, root: '/second' } },
      ],
    }
    await gateway.write(['RouteComposition', composition])
    assert.match((await gateway.call('http://c.test/a/x')).body, /^GET \/first\/x /)
    assert.match((await gateway.call('http://c.test/b/x')).body, /^GET \/second\/x /)
    await gateway.write(['RouteComposition', { ...composition, routes: composition.routes.slice(0, 1) }])
    assert.equal((await gateway.call('http://c.test/b/x')).status, 404)
    await gateway.remove('RouteComposition', 'c')
    assert.equal((await gateway.call('http://c.test/a/x')).status, 404)
  })
})

describe('errors', () => {
  it('are pages for browsers and JSON for others', async () => {
    const { gateway } = await setUp()
    const page = await gateway.call('http://nobody.test/', { headers: { Accept: 'text/html' } })
    assert.match(page.headers['content-type']!, /text\/html/)
    assert.match(page.body, /no route found !/)
    const json = await gateway.call('http://nobody.test/', { headers: { Accept: '*/*' } })
    assert.match(json.headers['content-type']!, /application\/json/)
  })

  it('use the template of the route, then the global one, with values escaped', async () => {
    const { gateway, backend } = await setUp({
      plugins: [plugin('odd', { access: () => refuse('ip_not_allowed', { message: '<script>' }) })],
    })
    const template = (serviceId: string, text: string) => ({
      serviceId,
      name: serviceId,
      template40x: `${text}: \${message} \${otoroshiMessage} \${status}`,
      messages: { 'message-404': 'Rien ici' },
    })
    await gateway.write(
      ['Route', testRoute('r', 'api.test', backend.port, { plugins: [slot('odd')] })],
      ['ErrorTemplate', template('r', 'own')],
      ['ErrorTemplate', template('global', 'all')],
    )
    const own = await gateway.call('http://api.test/', { headers: { Accept: 'text/html' } })
    assert.equal(own.body, 'own: &#60;script&#62; &#60;script&#62; 403')
    const all = await gateway.call('http://nobody.test/', { headers: { Accept: 'text/html' } })
    assert.equal(all.body, 'all: Rien ici no route found ! 404')
    const json = JSON.parse((await gateway.call('http://nobody.test/')).body)
    assert.deepEqual([json['otoroshi-error'], json['otoroshi-raw-error']], ['Rien ici', 'no route found !'])
  })

  it('can be changed by plugins', async () => {
    const { gateway, backend } = await setUp({
      plugins: [
        plugin('deny', { access: () => refuse('ip_not_allowed') }),
        plugin('soften', { error: (_exchange, refusal) => answer(418, [], `was ${refusal.reason}`) }),
      ],
    })
    await gateway.write([
      'Route',
      testRoute('r', 'api.test', backend.port, { plugins: [slot('deny'), slot('soften')] }),
    ])
    const got = await gateway.call('http://api.test/')
    assert.deepEqual([got.status, got.body], [418, 'was ip_not_allowed'])
  })
})
