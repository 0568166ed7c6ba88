import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeLogins, runPlugin } from '../../plugin/testing.ts'
import plugin from './simple-basic-auth.ts'

const HASH = `$2b$10$${'a'.repeat(53)}`
const asked: string[][] = []
const logins = fakeLogins({
  async passwordMatches(password, hash) {
    asked.push([password, hash])
    return password === 'hashed' && hash === HASH
  },
})
const users = { clear: 'in clear', kept: HASH, empty: '' }
const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const run = (headers: Record<string, string>, config: object = { users }, globalSettings = {}) =>
  runPlugin(plugin, { config, services: { logins, globalSettings }, request: { headers } })

test('passwords in clear and hashed ones are good', async () => {
  assert.equal((await run(basic('clear:in clear'))).status, 200)
  assert.equal((await run(basic('kept:hashed'))).status, 200)
})

test('everything else is answered alike, and names the realm', async () => {
  const wrong = [
    {},
    basic('clear:x'),
    basic('kept:x'),
    basic('nobody:x'),
    basic('empty:'),
    { Authorization: 'Bearer x' },
  ]
  for (const headers of wrong) {
    const outcome = await run(headers, { users, realm: 'the "inner" circle' })
    assert.deepEqual([outcome.status, outcome.text, outcome.backend], [401, '', null])
    assert.equal(outcome.headers.get('www-authenticate'), 'Basic realm="the \\"inner\\" circle"')
  }
})

test('the hash itself is no password', async () => {
  assert.equal((await run(basic(`kept:${HASH}`))).status, 401)
})

test('a name nobody has costs what a wrong password costs', async () => {
  asked.length = 0
  await run(basic('nobody:x'))
  assert.deepEqual(asked, [['x', '']])
})

test('users of the global configuration are those of every route, and win', async () => {
  const shared = { simple_basic_auth_global_users: { everywhere: 'x', clear: 'other' } }
  assert.equal((await run(basic('everywhere:x'), {}, shared)).status, 200)
  assert.equal((await run(basic('clear:other'), { users }, shared)).status, 200)
  assert.equal((await run(basic('clear:in clear'), { users }, shared)).status, 401)
  await assert.rejects(
    run({}, {}, { simple_basic_auth_global_users: { a: 1 } }),
    /simple_basic_auth_global_users/,
  )
})

test('no users let nobody in', async () => {
  assert.equal((await run(basic('a:b'), {})).status, 401)
})
