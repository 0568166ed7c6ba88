import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StoreConflict } from '../contract.ts'
import { type Commit, decideGroup, foreign, keysOf, type LockedRow } from './commit-group.ts'

const key = fc.constantFrom('a', 'b', 'c', 'é')
const value = fc.option(fc.constantFrom('1', '2', ''), { nil: null })
const expiresAt = fc.constantFrom(0, 50, 500)
const commit: fc.Arbitrary<Commit> = fc.record({
  changes: fc.array(fc.record({ key, value, expiresAt }), { maxLength: 4 }),
  preconditions: fc.array(fc.record({ key, value }), { maxLength: 2 }),
})
/** What the table holds: texts, rows that have expired (null), lists (foreign). */
const rows = fc
  .dictionary(key, fc.constantFrom<LockedRow>('1', '2', '', null, foreign))
  .map(found => new Map(Object.entries(found)))
const now = 100

test('a group is decided as its commits would be, one after the other', () => {
  fc.assert(
    fc.property(rows, fc.array(commit, { maxLength: 6 }), (before, commits) => {
      const naive = new Map([...before].filter(([, text]) => text !== null))
      const outcomes = commits.map(({ changes, preconditions }) => {
        const broken = preconditions.find(({ key, value }) => (naive.get(key) ?? null) !== value)
        if (broken !== undefined) return broken.key
        for (const { key, value, expiresAt } of changes)
          if (value === null || (expiresAt !== 0 && expiresAt! <= now)) naive.delete(key)
          else naive.set(key, value)
        return null
      })
      const { refusals, writes, fresh, removals } = decideGroup(commits, before, now)
      assert.deepEqual(
        refusals.map(refusal => refusal?.key ?? null),
        outcomes,
      )
      assert.ok(refusals.every(refusal => refusal === null || refusal instanceof StoreConflict))
      const after = new Map([...before].filter(([, text]) => text !== null))
      for (const { key, value } of [...fresh, ...writes]) after.set(key, value)
      for (const key of removals) after.delete(key)
      assert.deepEqual(after, naive)
      // What is made must not be there yet, and each row is made once.
      for (const { key } of fresh) assert.ok(!before.has(key))
      assert.equal(new Set([...fresh, ...writes].map(write => write.key)).size, fresh.length + writes.length)
    }),
  )
})

test('every row is locked in the order of keys, those whose value counts are read', () => {
  const commits: Commit[] = [
    {
      changes: [
        { key: 'z', value: '1' },
        { key: '😀', value: '1' },
      ],
      preconditions: [{ key: 'b', value: null }],
    },
    {
      changes: [
        { key: 'b', value: '1' },
        { key: '\uffff', value: null },
      ],
      preconditions: [{ key: 'z', value: '1' }],
    },
  ]
  assert.deepEqual(keysOf(commits), [
    ['b', true],
    ['z', true],
    ['\uffff', false],
    ['😀', false],
  ])
})
