import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './user-logout-endpoint.ts'

const run = (url: string) =>
  runPlugin(plugin, { before: e => e.attributes.set(userAttribute, userSession({})), request: { url } })

test('the logout leads to that of the host, with the way on', async () => {
  const out = await run('/out?redirect=/bye%3Fa')
  assert.equal(out.status, 303)
  assert.equal(out.headers.get('location'), '/.well-known/otoroshi/logout?redirect=%2Fbye%3Fa')
  assert.equal((await run('/out')).headers.get('location'), '/.well-known/otoroshi/logout?redirect=%2F')
})

test('a session in the query goes along, for the logout to find it', async () => {
  const out = await run('/out?pappsToken=a%3A%3Ab')
  assert.equal(out.headers.get('location'), '/.well-known/otoroshi/logout?redirect=%2F&pappsToken=a%3A%3Ab')
})

test('who is not logged in has nothing to leave', async () => {
  const out = await runPlugin(plugin)
  assert.deepEqual([out.status, out.text], [204, ''])
})
