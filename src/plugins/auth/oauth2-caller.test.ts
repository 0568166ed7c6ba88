import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallFailed, type OutgoingCall, type PluginInstance } from '../../plugin/index.ts'
import { outgoingCalls, pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import { KeptTokens } from './kept-tokens.ts'
import plugin from './oauth2-caller.ts'

const config = { url: 'https://idp.test/token', clientId: 'me', clientSecret: 'my secret' }
const token = (access: string, more: object = {}) => ({
  body: JSON.stringify({ access_token: access, ...more }),
})

/** What one request with these settings asks for, and what came of it. */
async function asked(more: object, answer: (call: OutgoingCall) => object = () => token('t0')) {
  const calls = outgoingCalls(answer)
  const run = await runPlugin(plugin, { config: { ...config, ...more }, services: { calls } })
  return { run, call: calls.asked[0]!, calls: calls.asked }
}

const form = (call: OutgoingCall) => Object.fromEntries(new URLSearchParams(String(call.body)))

describe('a token for the backend', () => {
  it('is asked for with the credentials of the client', async () => {
    const { run, call } = await asked({ scope: 'read write', audience: 'api' })
    assert.equal(run.backend!.headers.get('authorization'), 'Bearer t0')
    assert.equal(call.method, 'POST')
    assert.equal(call.url, 'https://idp.test/token')
    assert.deepEqual(form(call), {
      grant_type: 'client_credentials',
      client_id: 'me',
      client_secret: 'my secret',
      scope: 'read write',
      audience: 'api',
    })
  })

  it('is asked for with a password, the client in a header', async () => {
    const user = { user: 'u', password: 'p' }
    const { call } = await asked({ kind: 'password', ...user })
    assert.deepEqual(form(call), {
      grant_type: 'password',
      username: 'u',
      password: 'p',
      client_id: 'me',
      client_secret: 'my secret',
    })
    const other = await asked({ kind: 'password_with_basic_auth', jsonPayload: true, ...user })
    assert.deepEqual(JSON.parse(String(other.call.body)), {
      grant_type: 'password',
      username: 'u',
      password: 'p',
    })
    const credential = Buffer.from('me:my+secret').toString('base64')
    assert.ok(
      other.call.headers?.some(
        ([name, value]) => name === 'Authorization' && value === `Basic ${credential}`,
      ),
    )
  })

  it('goes into the header and form of the settings', async () => {
    const { run } = await asked({ headerName: 'X-Token', headerValueFormat: 'token=%s' })
    assert.equal(run.backend!.headers.get('x-token'), 'token=t0')
  })

  it('that nobody gives stops the request and tells no secret', async () => {
    for (const [answer, status, description] of [
      [
        () => ({ status: 400, body: '{"error":"invalid_client","error_description":"my secret"}' }),
        400,
        'invalid_client',
      ],
      [() => ({ status: 500, body: 'my secret' }), 500, 'no access token'],
      [() => ({ body: 'my secret' }), 200, 'no access token'],
      [() => ({ body: '{"access_token":"a\\nb"}' }), 200, 'no access token'],
      [
        () => {
          throw new CallFailed('timeout', 'too slow')
        },
        0,
        'no access token',
      ],
    ] as const) {
      const { run } = await asked({}, answer)
      assert.equal(run.status, 401)
      assert.equal(run.backend, null)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'caller.no_token')
      assert.deepEqual(JSON.parse(run.text), {
        error: 'unauthorized',
        error_description: description,
        error_status: status,
      })
      assert.doesNotMatch(JSON.stringify(run.log), /my secret/)
    }
  })

  it('is not asked of whom a client names', () => {
    for (const more of [
      { url: 'https://${req.headers.x}/token' },
      { url: '${req.host}${req.query.x}' },
      { url: 'ftp://idp.test' },
      { url: 'nowhere' },
      { kind: 'magic' },
      { headerName: 'a b' },
      { cacheTokenSeconds: -1 },
    ])
      assert.throws(() => setUp(plugin, { ...config, ...more }), JSON.stringify(more))
  })
})

/** Requests over one instance, as a route has it. */
function route(answer: (call: OutgoingCall) => object) {
  const calls = outgoingCalls(answer)
  const instance: PluginInstance = setUp(plugin, config, pluginServices(routeView(), [], [], { calls }))
  const shared = { ...plugin, setup: () => instance }
  return { calls: calls.asked, get: (status = 200) => runPlugin(shared, { config, backend: { status } }) }
}

describe('tokens of a route', () => {
  it('are fetched once, however many requests wait', async () => {
    const { calls, get } = route(() => token('t', { expires_in: 3600 }))
    const runs = await Promise.all([get(), get(), get()])
    await get()
    assert.equal(calls.length, 1)
    assert.ok(runs.every(run => run.backend!.headers.get('authorization') === 'Bearer t'))
  })

  it('are kept for as long as the server says, and not at all when that is no time', async () => {
    const fetches = async (expires_in: unknown): Promise<number> => {
      const { calls, get } = route(() => token('t', { expires_in }))
      await get()
      await get()
      return calls.length
    }
    for (const life of [0, '0', -5]) assert.equal(await fetches(life), 2, String(life))
    for (const life of [60, '60', undefined, 'soon', null]) assert.equal(await fetches(life), 1, String(life))
  })

  it('differ where expressions make them differ', async () => {
    const calls = outgoingCalls(call => token(form(call)['scope']!))
    const services = pluginServices(routeView(), [], [], { calls })
    const instance = setUp(plugin, { ...config, scope: '${req.headers.x-s}' }, services)
    const shared = { ...plugin, setup: () => instance }
    for (const scope of ['a', 'b', 'a']) {
      const run = await runPlugin(shared, { config, request: { headers: { 'X-S': scope } } })
      assert.equal(run.backend!.headers.get('authorization'), `Bearer ${scope}`)
    }
    assert.equal(calls.asked.length, 2)
  })
})

describe('kept tokens', () => {
  const given = (access: string, life = 100) => ({ access, refresh: `refresh of ${access}`, life })

  it('are renewed by their refresh token before they end, beside the traffic', async () => {
    let now = 0
    const tokens = new KeptTokens(() => now)
    const seen: (string | null)[] = []
    const fetch = async (refresh: string | null) => {
      seen.push(refresh)
      return given(`t${seen.length}`)
    }
    assert.equal((await tokens.get('', fetch)).access, 't1')
    now = 89_000
    assert.equal((await tokens.get('', fetch)).access, 't1')
    assert.equal(seen.length, 1)
    now = 91_000
    const still = tokens.get('', fetch)
    assert.ok(!(still instanceof Promise) && still.access === 't1')
    await new Promise(setImmediate)
    assert.equal((await tokens.get('', fetch)).access, 't2')
    assert.deepEqual(seen, [null, 'refresh of t1'])
  })

  it('are fetched anew where the refresh token is not good any more', async () => {
    let now = 0
    const tokens = new KeptTokens(() => now)
    await tokens.get('', async () => given('old'))
    now = 200_000
    const token = await tokens.get('', async refresh => {
      if (refresh !== null) throw new Error('invalid_grant')
      return given('new')
    })
    assert.equal(token.access, 'new')
  })

  it('that a backend refuses are renewed, but not at every request', async () => {
    let now = 0
    const tokens = new KeptTokens(() => now)
    let fetches = 0
    const fetch = async () => given(`t${++fetches}`, 10_000)
    await tokens.get('', fetch)
    tokens.refused('', 't1')
    await tokens.get('', fetch)
    assert.equal(fetches, 1, 'a token that is brand new is not at fault')
    now = 11_000
    tokens.refused('', 'another')
    await tokens.get('', fetch)
    assert.equal(fetches, 1)
    tokens.refused('', 't1')
    assert.equal((await tokens.get('', fetch)).access, 't2')
  })

  it('that cannot be had are not asked for again at once', async () => {
    let now = 0
    const tokens = new KeptTokens(() => now)
    let fetches = 0
    const fetch = async () => {
      fetches++
      throw new Error('down')
    }
    for (let i = 0; i < 3; i++) await assert.rejects(async () => tokens.get('', fetch), /down/)
    assert.equal(fetches, 1)
    now = 1_001
    await assert.rejects(async () => tokens.get('', fetch), /down/)
    assert.equal(fetches, 2)
  })

  it('are bounded in number', async () => {
    const tokens = new KeptTokens(() => 0)
    let fetches = 0
    for (let i = 0; i <= 1_000; i++) await tokens.get(String(i), async () => given(String(++fetches)))
    await tokens.get('1000', async () => given(String(++fetches)))
    assert.equal(fetches, 1_001)
    await tokens.get('0', async () => given(String(++fetches)))
    assert.equal(fetches, 1_002)
  })
})
