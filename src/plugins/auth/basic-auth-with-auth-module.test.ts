import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PasswordVerdict, userAttribute } from '../../plugin/index.ts'
import { authModule, fakeLogins, runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './basic-auth-with-auth-module.ts'

const user = userSession({ email: 'ada' })
const asked: string[][] = []
const logins = fakeLogins({
  modules: [authModule({ id: 'm' }), authModule({ id: 'o', type: 'oauth2' })],
  async checkPassword(module, name, password, from): Promise<PasswordVerdict> {
    asked.push([module, name, password, from])
    if (name === 'guesser') return { kind: 'wait', seconds: 7 }
    return name === 'ada' && password === 'a:b' ? { kind: 'user', user } : { kind: 'refused' }
  },
})
const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const run = (config: object, headers: Record<string, string> = {}) =>
  runPlugin(plugin, { config, services: { logins }, request: { headers, ip: '10.0.0.9' } })

test('a good name and password are the user; a password may hold colons', async () => {
  const outcome = await run({ ref: 'm' }, basic('ada:a:b'))
  assert.deepEqual([outcome.status, outcome.attributes.get(userAttribute)], [200, user])
  assert.deepEqual(asked.at(-1), ['m', 'ada', 'a:b', '10.0.0.9'])
})

test('bad, missing and unreadable credentials are answered alike', async () => {
  for (const headers of [{}, basic('ada:x'), { Authorization: 'Basic %%%' }, { Authorization: 'bearer x' }]) {
    const outcome = await run({ ref: 'm' }, headers)
    assert.deepEqual([outcome.status, outcome.text, outcome.backend], [401, '{"error":"forbidden"}', null])
    assert.equal(outcome.headers.get('www-authenticate'), 'Basic realm="bawam-basic-auth-m"')
    assert.equal(outcome.headers.get('otoroshi-error-reason'), 'auth.bad_credentials')
  }
  const quiet = await run({ ref: 'm', add_authenticate_header: false })
  assert.equal(quiet.headers.get('www-authenticate'), undefined)
})

test('who guesses waits', async () => {
  const outcome = await run({ ref: 'm' }, basic('guesser:x'))
  assert.deepEqual([outcome.status, outcome.headers.get('retry-after')], [429, '7'])
})

test('a module that is missing or has no passwords is a fault of the settings', async () => {
  const gone = await run({ ref: 'x' }, basic('ada:a:b'))
  assert.deepEqual([gone.status, JSON.parse(gone.text).error_description], [500, 'auth. module not found'])
  const other = await run({ ref: 'o' }, basic('ada:a:b'))
  assert.deepEqual(
    [other.status, JSON.parse(other.text).error_description],
    [500, 'unsupported auth. module kind'],
  )
})
