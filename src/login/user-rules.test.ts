import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authModule } from '../plugin/testing.ts'
import { HeaderBlock } from '../http/index.ts'
import { CallFailed, type OutgoingCall, type OutgoingCalls } from '../plugin/outgoing-calls.ts'
import { emailMatches, userFault } from './user-rules.ts'

const nobody: OutgoingCalls = { send: () => Promise.reject(new Error('nobody is called')) }
const user = { email: 'ada@example.com', profile: { team: 'core' } }

const judged = (rules: object, calls = nobody) =>
  userFault({ user, module: authModule({ id: 'm', ...rules }), route: { id: 'r' } }, calls)
const shown = async (rules: object, calls = nobody) => (await judged(rules, calls))?.display ?? null

function answers(status: number, body: unknown, seen: OutgoingCall[] = []): OutgoingCalls {
  return {
    async send(call) {
      seen.push(call)
      return { status, headers: new HeaderBlock(), body: Buffer.from(JSON.stringify(body)) }
    },
  }
}

test('lines of lists are emails, patterns and their opposites', () => {
  const email = 'ada@example.com'
  const yes = [
    'ada@example.com',
    'Regex(.*@example\\.com)',
    'Wildcard(*@example.com)',
    'Contains(@ex)',
    'Not(bob)',
  ]
  const more = [
    'ContainedIn(bob, ada@example.com)',
    'NotContainedIn(a,b)',
    'RegexNot(bob.*)',
    'WildcardNot(b*)',
    'ContainsNot(bob)',
  ]
  for (const line of [...yes, ...more]) assert.ok(emailMatches(line, email, false), line)
  for (const line of ['', 'Ada@example.com', 'Regex(example)', 'Wildcard(example)', 'Not(ada@example.com)'])
    assert.ok(!emailMatches(line, email, false), line)
  assert.deepEqual(
    [emailMatches('Regex(()', email, false), emailMatches('Regex(()', email, true)],
    [false, true],
  )
})

test('the lists come first: who is not allowed, or is denied, is out', async () => {
  assert.equal(await shown({}), null)
  assert.equal(await shown({ allowedUsers: ['bob'] }), 'User not allowed')
  assert.equal(await shown({ allowedUsers: ['Wildcard(ada@*)'] }), null)
  assert.equal(await shown({ deniedUsers: ['Regex(()'] }), 'User not allowed', 'what cannot be read denies')
  assert.equal(await shown({ allowedUsers: ['Regex(()'] }), 'User not allowed', 'and allows nobody')
})

test('validators of the user all hold', async () => {
  const team = { kind: 'json-path-validator', path: '$.profile.team', value: 'core' }
  assert.equal(await shown({ userValidators: [team] }), null)
  assert.equal(await shown({ userValidators: [team, { ...team, value: 'other' }] }), 'user is not valid')
  assert.equal(await shown({ userValidators: [{ path: '$..[', value: 1 }] }), 'user is not valid')
})

test('who is denied is so in any case; who is allowed as it is written', async () => {
  assert.equal(await shown({ deniedUsers: ['ADA@example.com'] }), 'User not allowed')
  assert.equal(await shown({ deniedUsers: ['Wildcard(ada@*)'] }), 'User not allowed')
  assert.equal(await shown({ allowedUsers: ['ADA@example.com'] }), 'User not allowed')
  assert.equal(await shown({ deniedUsers: ['ada@example.org'] }), null)
})

test('other servers are told of the user, without passwords, and their word counts', async () => {
  const seen: OutgoingCall[] = []
  const rules = {
    users: [{ email: 'x', password: `$2b$10$${'a'.repeat(53)}` }],
    clientSecret: 'of the module',
    adminPassword: 'of the directory',
    jwtVerifier: { type: 'HSAlgoSettings', secret: 'of tokens' },
    remoteValidators: [{ url: 'http://judge.test/', headers: { 'X-Key': 'k' }, timeout: 99_999_999 }],
  }
  assert.equal(await shown(rules, answers(200, { valid: true }, seen)), null)
  const { body, timeout, headers } = seen[0]!
  const told = JSON.parse(String(body))
  assert.deepEqual([told.user.email, told.auth_module.id, told.route], ['ada@example.com', 'm', { id: 'r' }])
  assert.doesNotMatch(String(body), /\$2b\$|of the module|of the directory|of tokens/)
  assert.equal(timeout, 30_000)
  assert.deepEqual(headers?.at(-1), ['X-Key', 'k'])
  assert.equal(await shown(rules, answers(200, { valid: false })), 'invalid user')
  assert.equal(await shown(rules, answers(200, { valid: 'true' })), 'invalid user')
  assert.equal(await shown(rules, answers(200, { reason: { display: 'no' } })), 'no')
  assert.equal(await shown(rules, answers(503, { valid: true })), 'bad status code: 503')
  const lost = { send: () => Promise.reject(new CallFailed('timeout', 'too slow')) }
  assert.equal(await shown(rules, lost), 'invalid user')
  assert.equal(await shown({ remoteValidators: [{}] }), 'invalid user')
})
