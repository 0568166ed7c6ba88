import assert from 'node:assert/strict'
import { it } from 'node:test'
import { authModule, userSession } from '../plugin/testing.ts'
import { TokenUse } from './token-use.ts'

const minute = 60_000
const session = (id: string, token: object, lastRefresh = 0) =>
  userSession({ randomId: id, authConfigId: 'idp', lastRefresh, token })

function use(refreshTokens = true) {
  const told: string[] = []
  let now = 0
  const module = authModule({ id: 'idp', type: 'oauth2', refreshTokens })
  const uses = new TokenUse(
    id => (id === 'idp' ? module : null),
    id => void told.push(id),
    () => now,
  )
  return { told, uses, at: (time: number) => (now = time) }
}

const token = { refresh_token: 'r', expires_in: 600 }

it('a session in use is told of when its token is near its end, and not at every request', () => {
  const { told, uses, at } = use()
  uses.seen(session('a', token))
  at(8 * minute)
  uses.seen(session('a', token))
  assert.deepEqual(told, [])
  at(9 * minute)
  for (let i = 0; i < 5; i++) uses.seen(session('a', token))
  uses.seen(session('b', token))
  assert.deepEqual(told, ['a', 'b'])
  at(9 * minute + 29_000)
  uses.seen(session('a', token))
  assert.equal(told.length, 2)
  at(9 * minute + 30_000)
  uses.seen(session('a', token))
  assert.equal(told.length, 3)
  uses.seen(session('a', token, 9 * minute))
  assert.equal(told.length, 3, 'it was renewed')
})

it('a session without a refresh token, or of a module that renews none, is never told of', () => {
  const { told, uses, at } = use()
  at(60 * minute)
  uses.seen(session('a', { expires_in: 60 }))
  uses.seen(userSession({ authConfigId: 'gone', token, lastRefresh: 0 }))
  const off = use(false)
  off.at(60 * minute)
  off.uses.seen(session('a', token))
  assert.deepEqual([told, off.told], [[], []])
})

it('the life of a token without an end is ten minutes, and of a short one most of it', () => {
  const { told, uses, at } = use()
  at(8 * minute)
  uses.seen(session('endless', { refresh_token: 'r' }))
  at(9 * minute)
  uses.seen(session('endless', { refresh_token: 'r' }))
  assert.deepEqual(told, ['endless'])
  at(79_000)
  uses.seen(session('short', { refresh_token: 'r', expires_in: '100' }))
  at(80_000)
  uses.seen(session('short', { refresh_token: 'r', expires_in: '100' }))
  assert.deepEqual(told, ['endless', 'short'])
})
