import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openRawBackend, plainAnswer } from '../../gateway/testing/test-backend.ts'
import { openTestGateway, testRoute } from '../../gateway/testing/test-gateway.ts'
import {
  answer,
  definePlugin,
  type PluginDefinition,
  type PluginInstance,
  refuse,
  schema,
} from '../../plugin/index.ts'
import { type PluginRun, type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './cors.ts'

const ORIGIN = 'https://app.test'
const allowed = { allow_origin: ORIGIN, allow_methods: ['PUT', 'GET'], allow_headers: ['X-One', 'x-two'] }

const preflight = (config: unknown, headers: Record<string, string> = {}, more: PluginRunInput = {}) =>
  runPlugin(plugin, {
    ...more,
    config,
    request: {
      method: 'OPTIONS',
      url: '/things/1',
      headers: { Origin: ORIGIN, 'Access-Control-Request-Method': 'PUT', ...headers },
    },
  })

const simple = (config: unknown, more: PluginRunInput = {}) =>
  runPlugin(plugin, { ...more, config, request: { headers: { Origin: ORIGIN }, ...more.request } })

/** The CORS fields of an answer. */
function fieldsOf(run: PluginRun): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [name, value] of run.headers) {
    const key = name.toLowerCase()
    if (!key.startsWith('access-control-')) continue
    assert.equal(key in fields, false, `${name} stands twice`)
    fields[key.slice(15)] = value
  }
  return fields
}

describe('a preflight', () => {
  it('that asks for what is allowed is answered in place of the backend', async () => {
    const run = await preflight(
      { ...allowed, expose_headers: ['X-Out'], max_age: 600 },
      { 'Access-Control-Request-Headers': 'x-one, X-TWO' },
    )
    assert.deepEqual([run.status, run.text, run.backend], [204, '', null])
    assert.deepEqual(fieldsOf(run), {
      'allow-origin': ORIGIN,
      'allow-credentials': 'true',
      'expose-headers': 'x-out',
      'allow-headers': 'x-one, x-two',
      'allow-methods': 'PUT, GET',
      'max-age': '600',
    })
    const vary = run.headers.getAll('vary').join(', ')
    assert.match(vary, /Origin/)
    assert.match(vary, /Access-Control-Request-Headers/)
  })

  it('is refused for any other origin, method or field', async () => {
    const cases: Record<string, string>[] = [
      { Origin: 'https://evil.test' },
      { Origin: 'https://app.test.evil.test' },
      { Origin: 'http://app.test' },
      { Origin: 'https://app.test:8443' },
      { Origin: 'null' },
      { 'Access-Control-Request-Method': 'DELETE' },
      { 'Access-Control-Request-Method': 'put' },
      { 'Access-Control-Request-Headers': 'x-one, x-three' },
    ]
    for (const headers of cases) {
      const run = await preflight(allowed, headers)
      assert.deepEqual([run.status, run.backend], [404, null], JSON.stringify(headers))
      assert.equal(run.headers.get('otoroshi-error-reason'), 'cors')
      assert.equal(run.headers.get('otoroshi-error-msg'), 'Cors error')
      assert.equal(run.refusal?.cause, 'errors.cors.error')
      assert.deepEqual(fieldsOf(run), {})
    }
  })

  it('is refused as long as no method is listed', async () => {
    assert.equal((await preflight({})).status, 404)
    assert.equal((await preflight({ allow_methods: ['PUT'] })).status, 204)
  })

  it('may name any field when all are allowed and the request has no credentials', async () => {
    const config = { ...allowed, allow_headers: ['*'] }
    const asked = { 'Access-Control-Request-Headers': 'x-any' }
    assert.equal((await preflight(config, asked)).status, 204)
    assert.equal((await preflight(config, { ...asked, Cookie: 'a=b' })).status, 404)
    assert.equal((await preflight(config, { ...asked, Authorization: 'x' })).status, 404)
  })

  it('is only an OPTIONS request that names a method', async () => {
    const options = await simple(allowed, { request: { method: 'OPTIONS', headers: { Origin: ORIGIN } } })
    assert.notEqual(options.backend, null)
    const get = await simple(allowed, { request: { headers: { 'Access-Control-Request-Method': 'PUT' } } })
    assert.notEqual(get.backend, null)
  })

  it('without origin passes only when all origins are allowed', async () => {
    const request = { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'PUT' } }
    const status = async (config: unknown) => (await runPlugin(plugin, { config, request })).status
    assert.deepEqual([await status(allowed), await status({ ...allowed, allow_origin: '*' })], [404, 204])
  })
})

describe('an answer', () => {
  it('has the fields once, whatever the backend says', async () => {
    const headers = {
      'access-control-allow-origin': 'https://evil.test',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Headers': 'x-evil',
      'Access-Control-Expose-Headers': 'X-Theirs',
      Vary: 'Accept',
    }
    const run = await simple({ ...allowed, allow_credentials: false }, { backend: { headers } })
    assert.deepEqual(fieldsOf(run), {
      'allow-origin': ORIGIN,
      'allow-credentials': 'false',
      'allow-headers': 'x-one, x-two',
      'allow-methods': 'PUT, GET',
      // Nothing is configured for it, so the backend may speak.
      'expose-headers': 'X-Theirs',
    })
    assert.deepEqual(run.headers.getAll('vary'), ['Accept', 'Origin'])
  })

  it('never allows credentials to every origin', async () => {
    const run = await simple({ allow_origin: '*', allow_credentials: true })
    assert.deepEqual(fieldsOf(run), { 'allow-origin': '*', 'allow-credentials': 'false' })
    assert.equal(run.headers.has('vary'), false)
  })

  it('never allows credentials to an origin the client chose', async () => {
    for (const allow_origin of [
      '${req.headers.origin}',
      '${route.metadata.x || req.headers.origin}',
      'https://${req.query.o}',
    ]) {
      const run = await simple(
        { allow_origin, allow_credentials: true },
        { request: { url: '/?o=app.test', headers: { Origin: ORIGIN } } },
      )
      assert.deepEqual(fieldsOf(run), { 'allow-origin': ORIGIN, 'allow-credentials': 'false' }, allow_origin)
    }
  })

  it('takes the origin from an expression over the settings, with credentials', async () => {
    const config = { ...allowed, allow_origin: '${route.metadata.origin}' }
    const at = (origin: string): PluginRunInput => ({ route: { metadata: { origin } } })
    const run = await simple(config, at('https://App.test'))
    assert.equal(fieldsOf(run)['allow-origin'], ORIGIN)
    assert.equal(fieldsOf(run)['allow-credentials'], 'true')
    assert.equal((await preflight(config, {}, at(ORIGIN))).status, 204)
    assert.equal((await preflight(config, {}, at('https://other.test'))).status, 404)
  })

  it('allows no origin when the expression gives none', async () => {
    for (const origin of [
      '',
      'null',
      'nonsense',
      'https://a.test/path',
      'https://a.test, https://b.test',
      'https://a@b.test',
    ])
      for (const headers of [{}, { 'Access-Control-Allow-Origin': '*' }]) {
        const more = { route: { metadata: { origin } }, backend: { headers } }
        const run = await simple({ allow_origin: '${route.metadata.origin}' }, more)
        assert.deepEqual(fieldsOf(run), {}, origin)
      }
  })

  it('is left alone on excluded paths, and preflights for them go to the backend', async () => {
    const config = { ...allowed, excluded_patterns: ['/public/.*', '/things/[0-9]+'] }
    const headers = { 'Access-Control-Allow-Origin': 'https://theirs.test' }
    const run = await simple(config, { request: { url: '/public/x?y' }, backend: { headers } })
    assert.deepEqual(fieldsOf(run), { 'allow-origin': 'https://theirs.test' })
    assert.notEqual((await preflight(config)).backend, null)
    const near = await simple(config, { request: { url: '/not/public/x' } })
    assert.equal(fieldsOf(near)['allow-origin'], ORIGIN)
  })

  it('is not held up by patterns made to be slow', async () => {
    const start = performance.now()
    await simple({ excluded_patterns: ['/(a+)+b'] }, { request: { url: `/${'a'.repeat(5000)}` } })
    assert.ok(performance.now() - start < 2000)
  })

  it('cannot be given a second field through an expression', async () => {
    const run = await simple(
      { expose_headers: ['${req.query.x}'] },
      { request: { url: '/?x=a%0D%0ASet-Cookie:%20b' } },
    )
    assert.equal(fieldsOf(run)['expose-headers'], 'a Set-Cookie: b')
    assert.equal(run.headers.has('set-cookie'), false)
  })
})

describe('settings of CORS', () => {
  it('close the route when they are no origin, pattern or age', async () => {
    for (const config of [
      { allow_origin: '' },
      { allow_origin: 'null' },
      { allow_origin: 'app.test' },
      { allow_origin: 'https://app.test/' },
      { allow_origin: 'https://a.test, https://b.test' },
      { allow_origin: 'https://*.app.test' },
      { allow_origin: 'https://a.test\r\nX: y' },
      { excluded_patterns: ['('] },
      { excluded_patterns: ['(?!x)y'] },
      { max_age: -1 },
      { allow_methods: 'GET' },
    ])
      await assert.rejects(simple(config), JSON.stringify(config))
  })

  it('name origins as browsers do', async () => {
    for (const [given, sent] of [
      [' HTTPS://App.Test:443 ', 'https://app.test'],
      ['http://[::1]:8080', 'http://[::1]:8080'],
      ['https://bücher.test', 'https://xn--bcher-kva.test'],
      ['chrome-extension://abc', 'chrome-extension://abc'],
    ])
      assert.equal(fieldsOf(await simple({ allow_origin: given }))['allow-origin'], sent)
  })
})

describe('CORS in a gateway', () => {
  const open: { close(): Promise<void> }[] = []
  after(async () => {
    for (const thing of open) await thing.close()
  })

  const made = (id: string, run: () => ReturnType<typeof answer> | ReturnType<typeof refuse>) =>
    definePlugin({
      id,
      name: id,
      description: '',
      family: 'test',
      steps: ['ValidateAccess'],
      config: schema.looseObject({}),
      setup: () => ({ access: run }),
    }) as PluginDefinition<never>

  it('stands on refusals, on answers of other plugins and when no backend is there; the first instance counts', async () => {
    const backend = await openRawBackend(socket =>
      socket.write(plainAnswer('ok', '200 OK', 'Access-Control-Allow-Origin: *\r\n')),
    )
    const plugins = [
      plugin as PluginDefinition<never>,
      made('refuses', () => refuse('ip_not_allowed')),
      made('answers', () => answer(418)),
    ]
    const gateway = await openTestGateway({ plugins })
    open.push(gateway, backend)
    const cors = (allow_origin: string) => ({
      plugin: plugin.id,
      enabled: true,
      config: { ...allowed, allow_origin },
    })
    const slot = (id: string) => ({ plugin: id, enabled: true, config: {} })
    const route = (name: string, port: number, slots: readonly unknown[]) =>
      ['Route', testRoute(name, `${name}.test`, port, { plugins: slots })] as const
    const { port } = backend
    const faults = await gateway.write(
      route('passes', port, [cors(ORIGIN), cors('https://other.test')]),
      route('refused', port, [cors(ORIGIN), slot('refuses')]),
      route('answered', port, [cors(ORIGIN), slot('answers')]),
      route('dead', 1, [cors(ORIGIN)]),
    )
    assert.deepEqual(faults, [])
    for (const [name, status] of [
      ['passes', 200],
      ['refused', 403],
      ['answered', 418],
      ['dead', 502],
    ] as const) {
      const got = await gateway.call(`http://${name}.test/`, { headers: { Origin: ORIGIN } })
      assert.equal(got.status, status)
      assert.equal(got.headers['access-control-allow-origin'], ORIGIN, name)
      assert.equal(got.headers['access-control-allow-credentials'], 'true')
      assert.equal(got.headers.vary, 'Origin')
    }
    const headers = { Origin: ORIGIN, 'Access-Control-Request-Method': 'PUT' }
    const got = await gateway.call('http://refused.test/', { method: 'OPTIONS', headers })
    assert.equal(got.status, 204)
  })

  it('has each field once, whatever plugins behind it set; the last word is theirs', async () => {
    const backend = await openRawBackend(socket => socket.write(plainAnswer('ok')))
    const names = ['Access-Control-Allow-Origin', 'Access-Control-Expose-Headers']
    const later = (id: string, instance: PluginInstance) =>
      definePlugin({
        id,
        name: id,
        description: '',
        family: 'test',
        steps: ['TransformResponse'],
        config: schema.looseObject({}),
        setup: () => instance,
      }) as PluginDefinition<never>
    const plugins = [
      plugin as PluginDefinition<never>,
      later('sets', {
        preRoute: exchange => {
          for (const name of names) exchange.setAnswerHeader(name, 'set')
        },
      }),
      later('writes', {
        response: ({ response }) => {
          for (const name of names) response.headers.set(name, 'written')
        },
      }),
      later('answers', { access: () => answer(200, [[names[0]!, 'answered']]) }),
    ]
    const gateway = await openTestGateway({ plugins })
    open.push(gateway, backend)
    for (const [id, origin] of [
      ['sets', 'set'],
      ['writes', 'written'],
      ['answers', 'answered'],
    ] as const) {
      const slots = [{ plugin: plugin.id, config: { ...allowed, expose_headers: ['X'] } }, { plugin: id }]
      await gateway.write(['Route', testRoute('r', 'api.test', backend.port, { plugins: slots })])
      const { headers } = await gateway.call('http://api.test/', { headers: { Origin: ORIGIN } })
      assert.equal(headers['access-control-allow-origin'], origin, id)
      assert.equal(headers['access-control-expose-headers'], id === 'answers' ? 'x' : origin, id)
    }
  })
})
