import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { Passwords, TooManyPasswords } from './passwords.ts'

const passwords = new Passwords()
after(() => passwords.close())
const HASH = hashSync('secret', 4)

test('passwords are compared, in the spellings other libraries use', async () => {
  assert.equal(await passwords.matches('secret', HASH), true)
  assert.equal(await passwords.matches('other', HASH), false)
  for (const prefix of ['$2a$', '$2y$'])
    assert.equal(await passwords.matches('secret', HASH.replace('$2b$', prefix)), true, prefix)
})

test('what is no hash, costs too much or is too long matches nothing', async () => {
  const dear = HASH.replace('$04$', '$31$')
  for (const hash of [null, '', 'secret', '$2b$04$short', dear])
    assert.equal(await passwords.matches('secret', hash), false, String(hash))
  assert.equal(await passwords.matches('', HASH), false)
  assert.equal(await passwords.matches('s'.repeat(2000), HASH), false)
  assert.equal(await passwords.matches('nobody', null), false)
})

test('the line of waiting questions is bounded', async () => {
  const all = Array.from({ length: 150 }, () => passwords.matches('secret', HASH))
  const settled = await Promise.allSettled(all)
  const refused = settled.filter(s => s.status === 'rejected')
  assert.equal(refused.length, 50)
  assert.ok(refused.every(s => s.reason instanceof TooManyPasswords))
})

test('it goes on after it was closed', async () => {
  const other = new Passwords()
  assert.equal(await other.matches('secret', HASH), true)
  other.close()
  assert.equal(await other.matches('secret', HASH), true)
  other.close()
})
