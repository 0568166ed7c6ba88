import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { ControlPlane } from '../control/control-plane.ts'
import { HeaderBlock } from '../http/headers.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { authModule } from '../model/kinds/auth-module.ts'
import { authModuleUser } from '../model/kinds/auth-module-user.ts'
import { findByName } from '../model/registry.ts'
import type { Store } from '../store/contract.ts'
import { createMemoryStore } from '../store/memory.ts'
import { LoginDesk } from './desk.ts'
import { FaultyProvider } from './testing/faulty-provider.ts'
import { TokenRenewal } from './token-renewal.ts'

const idp = new FaultyProvider('https://idp.test')
const closers: (() => Promise<unknown>)[] = []
after(async () => {
  for (const close of closers) await close()
})

/** An instance on the store. */
async function instance(store: Store) {
  const control = await ControlPlane.start({
    store,
    turn: 60_000,
    history: { versions: 10, maxAge: 0 },
    initial: () => [{ definition: findByName('GlobalConfig')!, entity: {} }],
    onFailure: error => assert.fail(String(error)),
  })
  const logged: string[] = []
  const desk = new LoginDesk({
    control,
    settings: {
      userHosts: ['privateapps.oto.tools'],
      adminHosts: ['otoroshi.oto.tools'],
      scheme: 'http',
      port: 0,
      cookieDomain: '.oto.tools',
      secret: 'secret of the instance',
      tokenHeader: 'otoroshi-token',
      root: 'otoroshi',
      admin: { cookie: 'c', secure: false, sameSite: 'lax', sessionLife: 1000 },
    },
    token: { header: 'x', value: 'x' },
    told: { client: 'a', url: 'b', modules: 'c' },
    calls: {
      async send({ method, url, headers = [], body = '' }) {
        // As long as a provider takes, so that others come meanwhile.
        await new Promise(resolve => setTimeout(resolve, 20))
        const fields = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
        const answer = idp.answer({ method, url, headers: fields, body: String(body) })
        return { status: answer.status, headers: new HeaderBlock(), body: Buffer.from(answer.body) }
      },
    },
    certificate: () => null,
    adminCall: null,
    alert: () => {},
    log: (_level, message) => void logged.push(message),
  })
  closers.push(async () => {
    desk.close()
    await control.close()
  })
  return { control, logged, renewal: new TokenRenewal(desk) }
}

type Instance = Awaited<ReturnType<typeof instance>>

const write = ({ control }: Instance, kind: unknown, id: string, entity: object) =>
  control.change({
    definition: kind as EntityDefinition,
    id,
    transition: () => ({ action: 'write', entity }),
  })

const refreshes = () => idp.asked.filter(({ body }) => body.includes('grant_type=refresh_token')).length

/** Two instances on one store, and a session whose tokens are due. */
async function two() {
  const store = createMemoryStore()
  const [a, b] = [await instance(store), await instance(store)]
  await write(a, authModule, 'idp', {
    id: 'idp',
    name: 'idp',
    type: 'oauth2',
    refreshTokens: true,
    clientId: 'gateway',
    tokenUrl: 'https://idp.test/token',
  })
  const login = idp.authorize('https://idp.test/authorize?redirect_uri=http://a.test/')
  const form = new URLSearchParams({ code: login.searchParams.get('code')!, redirect_uri: 'http://a.test/' })
  const { body } = idp.answer({ method: 'POST', url: '/token', headers: {}, body: form.toString() })
  const now = Date.now()
  const session = {
    randomId: 'session',
    name: 'Ada',
    email: 'ada@idp.test',
    profile: { sub: 'ada' },
    token: { ...JSON.parse(body), expires_in: 60 },
    authConfigId: 'idp',
    createdAt: now - 600_000,
    expiredAt: now + 600_000,
    lastRefresh: now - 600_000,
  }
  await write(a, authModuleUser, 'session', session)
  return { a, b, session }
}

const stored = ({ control }: Instance) => control.get(authModuleUser as EntityDefinition, 'session')?.view()

it('one instance of all renews a session, once: a refresh token that counts once is shown once', async () => {
  const { a, b, session } = await two()
  const before = refreshes()
  await Promise.all([a, b, a, b].map(({ renewal }) => renewal.used('session')))
  assert.equal(refreshes() - before, 1, [...a.logged, ...b.logged].join('; '))
  const holder = [a, b].map(stored).find(entity => entity?.['lastRefresh'] !== session.lastRefresh)
  const { token, lastRefresh, ...rest } = holder as { token: { access_token: string }; lastRefresh: number }
  assert.notEqual(token.access_token, session.token.access_token)
  assert.ok(lastRefresh > session.lastRefresh)
  assert.equal((rest as { expiredAt: number }).expiredAt, session.expiredAt)
  await a.renewal.used('session')
  assert.equal(refreshes() - before, 1, 'the tokens are fresh')
})

it('a provider that refuses ends no session, and is not asked at every request', async () => {
  const { a, session } = await two()
  idp.broken.set('/token', { status: 400, headers: {}, body: '{"error":"invalid_grant"}' })
  const before = refreshes()
  await a.renewal.used('session')
  await a.renewal.used('session')
  idp.broken.clear()
  assert.equal(refreshes() - before, 1)
  assert.deepEqual(stored(a)?.['token'], session.token)
  assert.match(a.logged.join(), /not renewed.*invalid_grant/)
  assert.doesNotMatch(a.logged.join(), /refresh-|access-/)
})

it('a session that was ended meanwhile stays ended', async () => {
  const { a } = await two()
  const renewing = a.renewal.used('session')
  await a.control.change({
    definition: authModuleUser as EntityDefinition,
    id: 'session',
    transition: () => ({ action: 'remove' }),
  })
  await renewing
  assert.equal(stored(a), undefined)
  await a.renewal.used('nobody')
})
