import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AuthCheck, TriedUser } from './auth-check-api.ts'
import { TestServer } from './testing/server.ts'

describe('a try of an auth module', () => {
  let server: TestServer
  let tried: { id: string; user: TriedUser | null }[] = []
  const everybody = { 'X-Caller': 'root' }

  before(async () => {
    server = await TestServer.start({
      callerHeader: 'X-Caller',
      async checkAuthModule({ id }, user): Promise<AuthCheck> {
        tried.push({ id, user })
        return { works: true }
      },
    })
    const rights = JSON.stringify([{ tenant: 'acme', teams: ['*'] }])
    for (const [clientId, metadata] of [
      ['root', {}],
      ['limited', { 'otoroshi-access-rights': rights }],
    ] as const) {
      const key = { clientId, clientName: clientId, clientSecret: 's', authorizedEntities: [], metadata }
      const definition = (await import('../model/registry.ts')).findByName('Apikey')!
      await server.control.change({
        definition,
        id: clientId,
        transition: () => ({ action: 'write', entity: key }),
      })
    }
    const stored = await server.call(
      'POST',
      '/api/auths',
      { id: 'stored', name: 'Stored', type: 'basic' },
      everybody,
    )
    assert.equal(stored.status, 201, stored.text)
  })
  after(() => server?.stop())

  const check = async (path: string, body?: unknown, caller = 'root') => {
    tried = []
    const { status } = await server.call('POST', path, body, {
      'X-Caller': caller,
      'Otoroshi-Tenant': caller === 'root' ? 'default' : 'acme',
    })
    return [status, tried]
  }
  const config = { id: 'x', name: 'X', type: 'basic' }
  const user = { username: 'ada', password: 'p' }

  it('takes a module as it is sent or stored, with somebody or nobody', async () => {
    assert.deepEqual(await check('/api/auths/_check', config), [200, [{ id: 'x', user: null }]])
    assert.deepEqual(await check('/api/auths/_check', { config, user }), [200, [{ id: 'x', user }]])
    assert.deepEqual(await check('/api/auths/stored/_check'), [200, [{ id: 'stored', user: null }]])
    for (const body of [user, { user }])
      assert.deepEqual(await check('/api/auths/stored/_check', body), [200, [{ id: 'stored', user }]])
  })

  it('is not made of what cannot be read', async () => {
    for (const body of [[], { type: 'basic' }, { config, user: { username: 'ada' } }, { config: 7 }, '{'])
      assert.deepEqual(await check('/api/auths/_check', body), [400, []], JSON.stringify(body))
    assert.deepEqual(await check('/api/auths/stored/_check', { username: 7 }), [400, []])
    assert.deepEqual(await check('/api/auths/nobody/_check'), [404, []])
  })

  it('is made by those only who may write the module', async () => {
    assert.deepEqual(await check('/api/auths/_check', config, 'limited'), [403, []])
    assert.deepEqual(await check('/api/auths/stored/_check', user, 'limited'), [404, []])
    const own = { ...config, _loc: { tenant: 'acme', teams: ['a'] } }
    assert.deepEqual(await check('/api/auths/_check', own, 'limited'), [200, [{ id: 'x', user: null }]])
    assert.equal((await check('/api/auths/_check', config, 'nobody'))[0] === 200, false)
  })
})
