import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logins } from '../../plugin/index.ts'
import { fakeLogins, runPlugin } from '../../plugin/testing.ts'
import plugin from './simple-basic-auth.ts'

const HASH = `$2b$10$${'a'.repeat(53)}`
const asked: string[][] = []
const newLogins = (): Logins =>
  fakeLogins({
    async passwordMatches({ username, password, hash }) {
      asked.push([username, password, hash])
      if (username === 'busy') return { kind: 'wait', seconds: 7 }
      return { kind: password === 'hashed' && hash === HASH ? 'matches' : 'refused' }
    },
  })
const users = { clear: 'in clear', kept: HASH, empty: '' }
const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const run = (
  headers: Record<string, string>,
  config: object = { users },
  globalSettings = {},
  logins = newLogins(),
) => runPlugin(plugin, { config, services: { logins, globalSettings }, request: { headers } })

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
  const dear = HASH.replace('$10$', '$12$')
  await run(basic('nobody:x'), { users: { ...users, dear } })
  assert.deepEqual(
    asked.map(([name, password]) => [name, password]),
    [
      ['nobody', 'x'],
      ['nobody', 'x'],
    ],
  )
  assert.match(asked[0]![2]!, /^\$2b\$10\$a{22}\.{31}$/)
  assert.match(asked[1]![2]!, /^\$2b\$12\$/, 'as much as the dearest')
})

test('guessing passwords in clear is slowed down, for names that exist and others', async () => {
  for (const name of ['clear', 'nobody']) {
    const logins = newLogins()
    const config = { users: { clear: 'in clear' } }
    const seen: number[] = []
    for (let i = 0; i < 8; i++) seen.push((await run(basic(`${name}:x${i}`), config, {}, logins)).status)
    assert.deepEqual(seen, [401, 401, 401, 401, 401, 429, 429, 429], name)
    const right = await run(basic('clear:in clear'), config, {}, logins)
    assert.equal(right.status, name === 'clear' ? 429 : 200, 'the right one tells nothing before its time')
  }
  const waits = await run(basic('busy:x'), { users: { busy: HASH } })
  assert.deepEqual([waits.status, waits.headers.get('retry-after')], [429, '7'])
  const good = newLogins()
  for (let i = 0; i < 100; i++)
    assert.equal((await run(basic('clear:in clear'), { users }, {}, good)).status, 200)
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
