import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PasswordAnswer, PasswordQuestion } from '../identity/password-question.ts'
import { PasswordDesk } from './password-desk.ts'

function desk() {
  let now = 1000
  const asked: PasswordQuestion[] = []
  const passwords = new PasswordDesk(
    (id, question) => {
      asked.push(question)
      const good = question.kind === 'module' && question.password === 'right'
      const answer: PasswordAnswer = good
        ? { kind: 'user', user: { email: question.username } }
        : { kind: 'refused' }
      queueMicrotask(() => passwords.answered(id, answer))
    },
    () => now,
  )
  const ask = (username: string, password: string, owner: unknown = 'module') =>
    passwords
      .ask({ kind: 'module', module: 'm', username, password, from: '' }, owner)
      .then(({ kind }) => kind)
  return { asked, ask, passwords, pass: (ms: number) => (now += ms) }
}

test('a wrong password does not pass because the right one has just passed', async () => {
  const { asked, ask } = desk()
  assert.equal(await ask('ada', 'right'), 'user')
  assert.equal(await ask('ada', 'wrong'), 'refused')
  assert.equal(await ask('bob', 'wrong'), 'refused')
  assert.equal(await ask('ada', 'right'), 'user')
  assert.equal(asked.length, 3, 'the right one was asked for once')
})

test('a good password is remembered for a minute, and while the module is the same', async () => {
  const { asked, ask, pass } = desk()
  await ask('ada', 'right')
  pass(59_999)
  await ask('ada', 'right')
  assert.equal(asked.length, 1)
  await ask('ada', 'right', 'the changed module')
  assert.equal(asked.length, 2)
  pass(60_001)
  await ask('ada', 'right', 'the changed module')
  assert.equal(asked.length, 3)
})

test('a wrong one is never remembered: the next may be judged otherwise', async () => {
  const { asked, ask } = desk()
  await ask('ada', 'wrong')
  await ask('ada', 'wrong')
  assert.equal(asked.length, 2)
})

test('the same asked at once is one question', async () => {
  const { asked, ask } = desk()
  assert.deepEqual(
    new Set(await Promise.all(Array.from({ length: 50 }, () => ask('ada', 'right')))),
    new Set(['user']),
  )
  await Promise.all([ask('ada', 'wrong'), ask('ada', 'wrong'), ask('ada', 'wrong', 'another module')])
  assert.equal(asked.length, 3)
})

test('what is remembered of an address says nothing to another one', async () => {
  const { asked, passwords } = desk()
  const question = { kind: 'module', module: 'm', username: 'ada', password: 'right' } as const
  for (const from of ['10.0.0.1', '10.0.0.2', '10.0.0.1'])
    await passwords.ask({ ...question, from }, 'module')
  assert.deepEqual(
    asked.map(({ from }) => from),
    ['10.0.0.1', '10.0.0.2'],
  )
})

test('names and passwords do not flow into each other', async () => {
  const { asked, ask } = desk()
  await ask('a', 'right')
  await ask('a","right', 'right')
  assert.equal(asked.length, 2)
})

test('questions that wait are bounded: who comes then is told to wait', async () => {
  const silent = new PasswordDesk(() => {})
  const question = { kind: 'module', module: 'm', password: 'x', from: '' } as const
  for (let i = 0; i < 256; i++) void silent.ask({ ...question, username: `u${i}` }, null)
  assert.deepEqual(await silent.ask({ ...question, username: 'late' }, null), { kind: 'wait', seconds: 1 })
  for (let id = 1; id <= 256; id++) silent.answered(id, { kind: 'refused' })
})
