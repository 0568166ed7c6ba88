import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BriefMemory } from './brief-memory.ts'

test('what is kept is answered until its end', async () => {
  const memory = new BriefMemory<number>()
  let made = 0
  const get = (now: number): Promise<number> =>
    memory.get(
      ['a'],
      now,
      async () => ++made,
      () => 10,
    )
  assert.deepEqual([await get(0), await get(9), await get(10), await get(11)], [1, 1, 2, 2])
})

test('texts do not run into each other, and what has no life is not kept', async () => {
  const memory = new BriefMemory<string>()
  const get = (key: string[], life = 10): Promise<string> =>
    memory.get(
      key,
      0,
      async () => key.join('|'),
      () => life,
    )
  assert.equal(await get(['a', 'b']), 'a|b')
  assert.equal(await get(['a"', '"b']), 'a"|"b')
  assert.equal(await get(['ab']), 'ab')
  assert.equal(memory.size, 3)
  await get(['c'], 0)
  await get(['d'], -1)
  assert.equal(memory.size, 3)
})

test('whoever asks meanwhile waits for the one answer, and a failure is nobody’s', async () => {
  const memory = new BriefMemory<number>()
  let made = 0
  const get = (): Promise<number> =>
    memory.get(
      ['a'],
      0,
      async () => {
        await new Promise(resolve => setImmediate(resolve))
        if (++made === 1) throw new Error('no')
        return made
      },
      () => 10,
    )
  const first = await Promise.allSettled([get(), get()])
  assert.deepEqual(
    first.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(made, 1)
  assert.deepEqual(await Promise.all([get(), get()]), [2, 2])
})

test('the number is bounded', async () => {
  const memory = new BriefMemory<number>(3)
  for (let i = 0; i < 10; i++)
    await memory.get(
      [`${i}`],
      0,
      async () => i,
      () => 10,
    )
  assert.equal(memory.size, 3)
})
