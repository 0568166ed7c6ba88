/** From the path of the client to the one on the backend, and to the host where that is computed. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openRawBackend, plainAnswer, type RawBackend } from './testing/test-backend.ts'
import { openTestGateway, type TestGateway, testRoute } from './testing/test-gateway.ts'

let gateway: TestGateway
let backend: RawBackend

before(async () => {
  backend = await openRawBackend((socket, head) => void socket.write(plainAnswer(head.split(' ')[1]!)))
  gateway = await openTestGateway()
})
after(async () => {
  await gateway.close()
  await backend.close()
})

interface Place {
  readonly domains: readonly string[]
  readonly strip?: boolean
  readonly root?: string
  readonly rewrite?: boolean
}

async function ask({ domains, strip = true, root = '/', rewrite = false }: Place, path: string) {
  const faults = await gateway.write([
    'Route',
    testRoute('r', '', 1, {
      frontend: { domains, strip_path: strip },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }], root, rewrite },
    }),
  ])
  assert.deepEqual(faults, [])
  return gateway.call(`http://api.test${path}`)
}

describe('the path on the backend', () => {
  const of = (path: string, more: Partial<Place> = {}): Place => ({ domains: [`api.test${path}`], ...more })
  const cases: [string, Place, string, string][] = [
    ['loses what the route consumed', of('/api'), '/api/users/1', '/users/1'],
    ['keeps it where the route says so', of('/api', { strip: false }), '/api/users/1', '/api/users/1'],
    ['goes under the root', of('/api', { root: '/v2' }), '/api/users/1', '/v2/users/1'],
    [
      'has nothing put between root and rest',
      of('/users', { strip: false, root: '/v' }),
      '/users/1',
      '/vusers/1',
    ],
    ['is a slash when nothing is left', of('/api'), '/api', '/'],
    ['keeps its query', of('/api', { root: '/v2/' }), '/api/x?a=//b&c=%2F&api', '/v2/x?a=//b&c=%2F&api'],
    ['is consumed once, at its start', of('/api'), '/api/api/x/api', '/api/x/api'],
    ['is consumed as it is written, not as a pattern', of('/a.b+c'), '/a.b+c/x', '/x'],
    ['loses parameters too', of('/u/:id/bills'), '/u/42/bills/7', '/7'],
    ['is whole for a domain without a path', of('', { root: '/v2' }), '/a/b', '/v2a/b'],
    ['holds one slash where the root ends with one', of('/api', { root: '/v2/' }), '/api/x', '/v2/x'],
    ['is what the path means, however it is spelt', of('/api'), '/%61pi/%78', '/x'],
  ]
  for (const [name, place, path, wanted] of cases)
    it(name, async () => assert.equal((await ask(place, path)).body, wanted))

  it('is the root alone when it is rewritten', async () => {
    const place = of('/api', { root: '/only', rewrite: true })
    assert.equal((await ask(place, '/api/users?x=1')).body, '/only')
  })

  it('takes parameters and query of the request into the root', async () => {
    const named = of('/u/$id<[0-9]+>/bills', { root: '/x/${req.pathparams.id}/y', rewrite: true })
    assert.equal((await ask(named, '/u/42/bills?q=1')).body, '/x/42/y')
    assert.equal((await ask(named, '/u/me/bills')).status, 404)
    const kept = of('/t/:tenant', { root: '/${req.pathparams.tenant}/${req.query.v:v1}' })
    assert.equal((await ask(kept, '/t/blue/users?v=v9')).body, '/blue/v9/users?v=v9')
    assert.equal((await ask(kept, '/t/blue/users')).body, '/blue/v1/users')
  })

  it('never leaves the root by what a client puts into it', async () => {
    const place = of('/t/:tenant', { root: '/safe/${req.query.v}' })
    for (const v of ['..', '../admin', '%2e%2e/x', '..%2fx', 'a/../../b', '%5c..%5c']) {
      const got = await ask(place, `/t/a/x?v=${encodeURIComponent(v)}`)
      assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [400, 'request.bad_path'], v)
    }
    // Whatever cannot stand in a request line is encoded.
    const odd = await ask(place, `/t/a/x?v=${encodeURIComponent('a b#c\r\nX: y?z')}`)
    assert.match(odd.body, /^\/safe\/a%20b%23c%0D%0AX:%20y%3Fz\/x/)
    assert.deepEqual(gateway.logs, [])
  })

  it('has no other segments and no query by what a client puts into it', async () => {
    const given = (place: Place, v: string) => ask(place, `/t/a/x?v=${encodeURIComponent(v)}`)
    const inside = of('/t/:tenant', { root: '/api/${req.query.v}/profile', rewrite: true })
    assert.equal((await given(inside, 'a?admin=true')).body, '/api/a%3Fadmin=true/profile')
    assert.equal((await given(inside, 'a/delete')).body, '/api/a%2Fdelete/profile')
    const before = of('/t/:tenant', { root: '/api/${req.query.v}' })
    assert.match((await given(before, 'a/b?c')).body, /^\/api\/a%2Fb%3Fc\/x\?v=/)
    // Where the path ends with it, it may be a path.
    const last = of('/t/:tenant', { root: '/files/${req.query.v}', rewrite: true })
    assert.equal((await given(last, 'a/b?c')).body, '/files/a/b%3Fc')
    const query = of('/t/:tenant', { root: '/search?q=${req.query.v}&max=1', rewrite: true })
    assert.equal((await given(query, 'a&max=9/#x')).body, '/search?q=a%26max%3D9%2F%23x&max=1')
    const chain = of('/t/:tenant', { root: '/c/${req.pathparams.none || req.query.v}' })
    assert.match((await given(chain, 'a/b?c')).body, /^\/c\/a%2Fb%3Fc\/x\?v=/)
    const date = of('/t/:tenant', { root: "/logs/${date.format('yyyy/MM')}" })
    assert.match((await given(date, 'z')).body, /^\/logs\/\d{4}\/\d\d\/x/)
    // What administrators wrote, and paths, are as they are.
    const whole = of('/t/:tenant', { root: '/v1${req.path}', rewrite: true })
    assert.equal((await given(whole, 'z')).body, '/v1/t/a/x')
  })
})

describe('a host computed from the request', () => {
  it('is called by its name, and refused when it is none', async () => {
    await gateway.write([
      'Route',
      testRoute('r', '', 1, {
        frontend: { domains: ['api.test/:host'] },
        backend: { targets: [{ hostname: '${req.query.host}', port: backend.port }] },
      }),
    ])
    const to = (host: string) => gateway.call(`http://api.test/h/x?host=${encodeURIComponent(host)}`)
    assert.match((await to('127.0.0.1')).body, /^\/x\?host=127/)
    assert.match((await to('LOCALHOST')).body, /^\/x\?host=LOCALHOST/)
    for (const host of ['', 'a b', 'a/b', 'user@127.0.0.1', 'a:80', '[::1', 'a\r\nb']) {
      const got = await to(host)
      assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [502, 'backend.dns'], host)
    }
    assert.deepEqual(gateway.logs, [])
  })
})
