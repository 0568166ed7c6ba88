import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitQueue } from './commit-queue.ts'
import { StoreConflict } from './contract.ts'

/** A transaction over a list of words that can be told to fail. */
function words() {
  const state = {
    kept: [] as string[],
    draft: [] as string[],
    transactions: 0,
    failures: [] as Error[],
    begin() {
      state.transactions++
      state.draft = [...state.kept]
    },
    commit() {
      const failure = state.failures.shift()
      if (failure !== undefined) throw failure
      state.kept = state.draft
    },
    rollback() {
      state.draft = []
    },
  }
  return state
}

test('work of one turn shares a transaction, in the order asked', async () => {
  const target = words()
  const queue = new CommitQueue(target)
  const answers = await Promise.all(['a', 'b', 'c'].map(word => queue.run(() => target.draft.push(word))))
  assert.deepEqual(answers, [1, 2, 3])
  assert.deepEqual(target.kept, ['a', 'b', 'c'])
  assert.equal(target.transactions, 1)
})

test('a transaction that fails once harms nobody: each work gets its own', async () => {
  const target = words()
  target.failures = [new Error('disk full')]
  const queue = new CommitQueue(target)
  await Promise.all(['a', 'b'].map(word => queue.run(() => target.draft.push(word))))
  assert.deepEqual(target.kept, ['a', 'b'])
  assert.equal(target.transactions, 3)
})

test('a disk that stays full rejects everybody, and nothing is kept', async () => {
  const target = words()
  target.failures = [1, 2, 3].map(() => new Error('disk full'))
  const queue = new CommitQueue(target)
  const outcomes = await Promise.allSettled(['a', 'b'].map(word => queue.run(() => target.draft.push(word))))
  assert.deepEqual(
    outcomes.map(outcome => outcome.status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual(target.kept, [])
  target.failures = []
  await queue.run(() => target.draft.push('later'))
  assert.deepEqual(target.kept, ['later'])
})

test('work that throws is alone to fail; a conflict does not even cost a second transaction', async () => {
  const target = words()
  const queue = new CommitQueue(target)
  const outcomes = await Promise.allSettled([
    queue.run(() => target.draft.push('a')),
    queue.run(() => {
      throw new StoreConflict('k')
    }),
  ])
  assert.equal(outcomes[1]?.status, 'rejected')
  assert.equal(target.transactions, 1)
  const mixed = await Promise.allSettled([
    queue.run(() => target.draft.push('b')),
    queue.run(() => {
      target.draft.push('half')
      throw new Error('a defect')
    }),
  ])
  assert.deepEqual(
    mixed.map(outcome => outcome.status),
    ['fulfilled', 'rejected'],
  )
  assert.deepEqual(target.kept, ['a', 'b'])
})

test('flush does now what waits; a queue longer than a group is served in turns', async () => {
  const target = words()
  const queue = new CommitQueue(target)
  const asked = Array.from({ length: 1300 }, (_, i) => queue.run(() => target.draft.push(String(i))))
  queue.flush()
  assert.equal(target.kept.length, 1300)
  assert.equal(target.transactions, 3)
  await Promise.all(asked)
})
