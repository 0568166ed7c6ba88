import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallFailed } from '../../plugin/index.ts'
import {
  instanceServices,
  outgoingCalls,
  pluginServices,
  routeView,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import { izanamiRouting } from './izanami-routing.ts'
import plugin from './ng-izanami-v1-canary.ts'

const routes = [
  { route: '/shop', variants: { a: '/v1', b: '/v2/' }, default: '/v0' },
  { route: '/exact', exact: true, variants: { a: '/e' } },
  { route: '/w/*/x', wildcard: true, variants: { a: '/w' } },
  { route: '/r/[0-9]+', regex: true, variants: { a: '/r' } },
]

describe('the paths of variants', () => {
  it('take the place of those that are asked for', () => {
    const to = izanamiRouting({ routes })
    const cases = [
      ['/shop/item?q=1', 'b', '/v2/item?q=1'],
      ['/shop', 'a', '/v1'],
      ['/shop/x', 'unknown', '/v0/x'],
      ['/exact', 'a', '/e'],
      ['/exact/more', 'a', null],
      ['/exact', 'b', null],
      ['/w/1/x', 'a', '/w'],
      ['/r/12', 'a', '/r'],
      ['/r/12x', 'a', null],
      ['/other', 'a', null],
    ] as const
    for (const [target, variant, wanted] of cases)
      assert.equal(to(target, variant), wanted, `${target} ${variant}`)
  })

  it('are never what a backend must not be asked', () => {
    for (const bad of ['/../x', 'x', '/a b', '/a\r\nX: y', '//h?x'])
      assert.equal(izanamiRouting({ routes: [{ route: '/', variants: { a: bad } }] })('/', 'a'), null, bad)
    assert.throws(() => izanamiRouting({}), /expected .*routes/)
    for (const none of [{ value: 'x' }, { other: 1 }, { value: null }])
      assert.throws(() => izanamiRouting(none), /expected .*routes|JSON/)
    assert.throws(() => izanamiRouting({ routes: [{ route: '(', regex: true }] }))
  })
})

describe('an experiment', () => {
  const answers = (variant: string) => (call: { url: string }) =>
    call.url.includes('/displayed')
      ? { body: JSON.stringify({ variant: { id: variant } }) }
      : { body: JSON.stringify({ value: JSON.stringify({ routes }) }) }

  function route(calls: ReturnType<typeof outgoingCalls>, config: object = {}) {
    const log: { level: string; message: string }[] = []
    const instance = setUp(plugin, config, pluginServices(routeView(), [], log, { calls }))
    const run = (headers: Record<string, string> = {}) =>
      runPlugin({ ...plugin, setup: () => instance }, { request: { url: '/shop/1', headers } })
    return { log, run }
  }
  const cookie = { Cookie: `otoroshi-canary=${instanceServices.signer.signedId('me')}` }

  it('is asked for once for a client, which keeps its variant', async () => {
    const calls = outgoingCalls(answers('b'))
    const { run } = route(calls, { experimentId: 'a:b', izanamiUrl: 'https://i.test' })
    const first = await run(cookie)
    assert.equal(first.backend?.path, '/v2/1')
    assert.match(first.headers.get('set-cookie')!, /::me; Max-Age=2592000;.*SameSite=Lax/)
    await run(cookie)
    assert.deepEqual(
      calls.asked.map(({ method, url }) => `${method} ${url}`),
      [
        'POST https://i.test/api/experiments/a%3Ab/displayed?clientId=me',
        'GET https://i.test/api/configs/foo%3Abar%3Aqix%3Aconfig',
      ],
    )
  })

  it('hurts no request while the server is gone, and does not ask for each one', async () => {
    const calls = outgoingCalls(() => {
      throw new CallFailed('unreachable', 'gone')
    })
    const { run, log } = route(calls)
    for (let n = 0; n < 3; n++) assert.equal((await run(cookie)).backend?.path, '/shop/1')
    assert.equal(calls.asked.length, 2)
    assert.match(log[0]!.message, /gone/)
  })

  it('may have its paths in the settings', async () => {
    const calls = outgoingCalls(answers('a'))
    const { run } = route(calls, { route_config: { value: { routes } } })
    assert.equal((await run(cookie)).backend?.path, '/v1/1')
    assert.equal(calls.asked.length, 1)
    assert.throws(() => route(calls, { routeConfig: { value: {} } }), /route_config/)
  })
})
