import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { authModule } from '../../plugin/testing.ts'
import { Attempts } from '../../identity/attempts.ts'
import { Passwords } from '../bcrypt/passwords.ts'
import type { ProviderServices } from '../contract.ts'
import { fakeVisit } from '../testing/fake-visit.ts'
import { providerSuite } from '../testing/provider-suite.ts'
import { basic } from './basic.ts'

const passwords = new Passwords()
after(() => passwords.close())

const HASH = hashSync('correct horse', 4)
const users = [
  { name: 'Ada', email: 'ada@example.com', password: HASH, metadata: { team: 'core' }, tags: ['x'] },
  { name: 'Blank', email: 'blank@example.com', password: '' },
]

function services(): ProviderServices {
  return {
    passwords,
    attempts: new Attempts(),
    calls: { send: () => Promise.reject(new Error('nobody is called')) },
    certificate: () => null,
    log: () => {},
  }
}
const provider = (more: object = {}) => basic(authModule({ id: 'm', users, ...more }), services())
const post = (form: Record<string, string>) => fakeVisit({ method: 'POST', form })

providerSuite({
  name: 'basic',
  provider,
  good: async () => post({ username: 'ada@example.com', password: 'correct horse' }),
  bad: async () => [
    post({ username: 'ada@example.com', password: 'wrong' }),
    post({ username: 'ada@example.com', password: HASH }),
    post({ username: 'blank@example.com', password: '' }),
    post({ username: 'blank@example.com', password: 'x' }),
    post({ username: 'Ada@example.com', password: 'correct horse' }),
    post({ username: 'nobody@example.com', password: 'correct horse' }),
    post({ username: 'ada@example.com' }),
  ],
  who: { name: 'Ada', email: 'ada@example.com' },
  secrets: [HASH, 'correct horse'],
})

test('what the module holds of a user is what is told of him', async () => {
  const identity = await provider().checkPassword!('ada@example.com', 'correct horse')
  assert.deepEqual(identity?.otoroshiData, { team: 'core' })
  assert.deepEqual(identity?.profile, {
    name: 'Ada',
    email: 'ada@example.com',
    metadata: { team: 'core' },
    tags: ['x'],
  })
})

test('the name that was typed comes back as text, whatever it is', async () => {
  const username = '"><script>alert(1)</script>'
  const outcome = await provider().callback(post({ username, password: 'x' }))
  assert.equal(outcome.kind, 'page')
  const text = outcome.kind === 'page' ? outcome.reply.content!.text : ''
  assert.doesNotMatch(text, /<script/)
  assert.match(text, /&#34;&#62;&#60;script&#62;/)
})

test('guesses are slowed down by name and address, before the password is looked at', async () => {
  const one = provider()
  const form = { username: 'ada@example.com', password: 'wrong' }
  for (let i = 0; i < 5; i++) await one.callback(post(form))
  const outcome = await one.callback(post({ ...form, password: 'correct horse' }))
  assert.equal(outcome.kind === 'page' && outcome.reply.status, 429)
})

test('the dialogue of the browser makes known who shows a password, and only him', async () => {
  const one = provider({ basicAuth: true })
  const headers = {
    Authorization: `Basic ${Buffer.from('ada@example.com:correct horse').toString('base64')}`,
  }
  const outcome = await one.loginPage(fakeVisit({ headers }))
  assert.equal(outcome.kind === 'identity' && outcome.identity.email, 'ada@example.com')
  const asked = await one.loginPage(fakeVisit({}))
  assert.equal(asked.kind === 'page' && asked.reply.status, 401)
  assert.equal((await one.callback(fakeVisit({ headers, own: { user: {} } }))).kind, 'refused')
})

test('a name that nobody has is compared with the dearest hash of the module, and passes with no password', async () => {
  const dear = hashSync('of Eve', 6)
  const compared: (string | null)[] = []
  const watched = {
    ...services(),
    passwords: {
      matches: (password: string, hash: string | null) => {
        compared.push(hash)
        return passwords.matches(password, hash)
      },
    } as Passwords,
  }
  const eve = { name: 'Eve', email: 'eve@example.com', password: dear }
  const module = basic(authModule({ id: 'm', users: [users[0], eve, users[1]] }), watched)
  assert.equal(await module.checkPassword!('nobody@example.com', 'of Eve'), null)
  assert.deepEqual(compared, [dear])
})
