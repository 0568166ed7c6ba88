import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { passingUser } from '../../identity/user.ts'
import { apikeyAttribute, inputTokenAttribute, userAttribute } from '../../plugin/index.ts'
import { apikey, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './rbac.ts'
import { rolesIn } from './roles.ts'

interface Caller {
  readonly key?: object
  readonly user?: object
  readonly claims?: object
}

async function passes(config: object, { key, user, claims }: Caller = {}): Promise<boolean> {
  const run = await runPlugin(plugin, {
    config,
    before({ attributes }) {
      if (key !== undefined)
        attributes.set(apikeyAttribute, apikey({ clientId: 'id', clientSecret: 's', ...key }))
      if (user !== undefined) attributes.set(userAttribute, passingUser({ ...user }))
      if (claims !== undefined) attributes.set(inputTokenAttribute, { raw: 'e30.e30.x', claims })
    },
  })
  if (run.refusal !== null) assert.equal(`${run.status} ${run.refusal.reason}`, '403 consumer.not_allowed')
  return run.refusal === null
}

const key = (...roles: string[]): Caller => ({ key: { metadata: { roles: JSON.stringify(roles) } } })

describe('roles', () => {
  it('are needed, even when none is named', async () => {
    assert.ok(!(await passes({})))
    assert.ok(!(await passes({}, { key: {} })))
    assert.ok(await passes({}, key('any')))
  })

  it('that are allowed: one, or all', async () => {
    assert.ok(await passes({ allow: ['a', 'b'] }, key('b')))
    assert.ok(!(await passes({ allow: ['a', 'b'] }, key('c'))))
    assert.ok(!(await passes({ allow: ['a', 'b'], allow_all: true }, key('b'))))
    assert.ok(await passes({ allow: ['a', 'b'], allow_all: true }, key('b', 'x', 'a')))
  })

  it('that are denied: one, or only all together', async () => {
    assert.ok(!(await passes({ deny: ['x', 'y'] }, key('a', 'x'))))
    assert.ok(await passes({ deny: ['x', 'y'], deny_all: true }, key('a', 'x')))
    assert.ok(!(await passes({ deny: ['x', 'y'], deny_all: true }, key('x', 'y'))))
    assert.ok(await passes({ deny_all: true }, key('a')), 'nothing is denied')
    assert.ok(!(await passes({ allow: ['a'], deny: ['x'] }, key('a', 'x'))))
  })

  it('of a key stand in tags, metadata, and where a path says', async () => {
    const allow = ['admin']
    assert.ok(await passes({ allow }, { key: { tags: ['role:admin'] } }))
    assert.ok(!(await passes({ allow }, { key: { tags: ['admin', 'xrole:admin'] } })))
    assert.ok(await passes({ allow, role_prefix: 'shop' }, { key: { tags: ['shop:role:admin'] } }))
    assert.ok(!(await passes({ allow, role_prefix: 'shop' }, { key: { tags: ['role:admin'] } })))
    assert.ok(await passes({ allow, roles: 'groups' }, { key: { metadata: { groups: 'dev, admin' } } }))
    assert.ok(await passes({ allow, apikey_path: '$.metadata.x' }, { key: { metadata: { x: 'admin' } } }))
  })

  it('of a user stand in tags, metadata, data, and where a path says', async () => {
    const allow = ['admin']
    for (const user of [
      { tags: ['role:admin'] },
      { metadata: { roles: 'admin' } },
      { otoroshiData: { roles: ['dev', 'admin'] } },
    ])
      assert.ok(await passes({ allow }, { user }), JSON.stringify(user))
    const user = { profile: { realm: { roles: ['admin'] } } }
    assert.ok(await passes({ allow, user_path: '$.profile.realm.roles' }, { user }))
    assert.ok(!(await passes({ allow }, { user })))
  })

  it('of a verified token stand in its claims', async () => {
    const allow = ['admin']
    assert.ok(await passes({ allow }, { claims: { roles: ['admin'] } }))
    assert.ok(
      await passes(
        { allow, jwt_path: '$.realm_access.roles' },
        { claims: { realm_access: { roles: ['admin'] } } },
      ),
    )
    assert.ok(!(await passes({ allow }, { claims: { realm_access: { roles: ['admin'] } } })))
  })

  it('of one caller are enough, and those of two are not mixed', async () => {
    assert.ok(await passes({ allow: ['admin'] }, { ...key('dev'), user: { tags: ['role:admin'] } }))
    const both = { ...key('a'), user: { tags: ['role:b'] } }
    assert.ok(!(await passes({ allow: ['a', 'b'], allow_all: true }, both)))
  })

  it('are read from every spelling, and from nothing that an object has by nature', async () => {
    assert.deepEqual(rolesIn('["a", 1, " b "]'), ['a', 'b'])
    assert.deepEqual(rolesIn('a, b ,,c'), ['a', 'b', 'c'])
    assert.deepEqual(rolesIn('[broken'), [])
    for (const none of [null, undefined, 5, {}, true]) assert.deepEqual(rolesIn(none), [])
    assert.ok(!(await passes({ roles: 'constructor' }, { key: {} })))
    assert.ok(!(await passes({ roles: '__proto__' }, { claims: {} })))
  })

  it('refuse paths that cannot be read', () => {
    assert.throws(() => setUp(plugin, { jwt_path: '$.[' }), /jwt_path: Invalid JSONPath/)
  })
})
