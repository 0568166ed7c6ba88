import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControlPlane } from '../control/control-plane.ts'
import { authModuleUser } from '../model/kinds/auth-module-user.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { authModule } from '../plugin/testing.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { Identity } from './contract.ts'
import { Once } from './once.ts'
import { Sessions } from './sessions.ts'

const definition = authModuleUser as EntityDefinition
const identity: Identity = {
  name: 'Ada',
  email: 'ada@b',
  profile: { expiredAt: 1 },
  token: {},
  otoroshiData: { expiredAt: 2 },
  tags: ['own'],
  metadata: {},
  rights: null,
  adminEntityValidators: {},
}
const module = authModule({
  id: 'm',
  sessionMaxAge: 10,
  _loc: { tenant: 'acme', teams: ['a'] },
  tags: ['of-module'],
  metadata: { a: 'b' },
})

async function prepared() {
  let now = Date.now()
  const store = createMemoryStore()
  const control = await ControlPlane.start({ store })
  const sessions = new Sessions(control, () => now)
  return { store, control, sessions, pass: (ms: number) => (now += ms) }
}

test('a session belongs to its module, lasts as long as that says, and is forgotten by the store then', async () => {
  const { store, control, sessions } = await prepared()
  const id = await sessions.beginUser(sessions.userOf(identity, module))
  const user = await sessions.user(id)
  assert.deepEqual([user?.realm, user?.authConfigId, user?.tenant], ['basic-auth-m', 'm', 'acme'])
  assert.deepEqual([user?.tags, user?.sessionMetadata], [['of-module', 'own'], { a: 'b' }])
  assert.equal(user!.expiredAt - user!.createdAt, 10_000)
  const [end] = await store.expiries!([`otoroshi:users:private:${id}`])
  assert.equal(end, user!.expiredAt)
  await control.close()
})

test('one that is over is nobody, and is swept out of memory; one that lasts stays', async () => {
  const { control, sessions, pass } = await prepared()
  const first = await sessions.beginUser(sessions.userOf(identity, module))
  pass(9_000)
  const second = await sessions.beginUser(sessions.userOf(identity, module))
  await sessions.sweep()
  assert.equal(control.count(definition), 2)
  pass(1_000)
  assert.equal(await sessions.user(first), null)
  await sessions.sweep()
  assert.deepEqual(
    control.list(definition).map(({ id }) => id),
    [second],
  )
  await control.close()
})

test('the session of an administrator holds no tokens, and the rights it is given', async () => {
  const { control, sessions } = await prepared()
  const rights = [{ tenant: '*:rw', teams: ['*:rw'] }]
  const made = sessions.adminOf({ ...identity, token: { access_token: 'secret' }, rights }, module, 5_000)
  const admin = await sessions.admin(await sessions.beginAdmin(made))
  assert.deepEqual([admin?.rights, admin?.token, admin?.simpleLogin], [rights, {}, false])
  assert.equal(await sessions.user(admin!.randomId), null, 'it is no session of a user')
  await control.close()
})

test('what counts once counts once', async () => {
  const { store, control } = await prepared()
  const once = new Once(store, 'otoroshi')
  const used = await Promise.all(Array.from({ length: 20 }, () => once.use('n', 60_000)))
  assert.equal(used.filter(Boolean).length, 1)
  assert.equal(await once.use('other', 60_000), true)
  await control.close()
})
