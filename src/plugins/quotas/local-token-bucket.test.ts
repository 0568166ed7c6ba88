import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setUp } from '../../plugin/testing.ts'
import { counted, outcomes, times } from '../testing/counted.ts'
import plugin from './local-token-bucket.ts'

const over = '429 limit.exceeded'
const slow = { refillRequestIntervalMs: 3_600_000, refillRequestedTokens: 1 }

it('has three hundred tokens unless told otherwise', async () => {
  const run = counted(plugin, { config: slow })
  assert.deepEqual((await outcomes(run, times(301))).slice(299), ['200', over])
})

it('takes a token for each call', async () => {
  const run = counted(plugin, { config: { ...slow, capacity: 2 } })
  assert.deepEqual(await outcomes(run, times(3)), ['200', '200', over])
  assert.match((await run()).headers.get('retry-after')!, /^3600$/)
})

it('gets tokens back', async () => {
  const run = counted(plugin, {
    config: { capacity: 1, refillRequestIntervalMs: 1, refillRequestedTokens: 1 },
  })
  await run()
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal((await run()).status, 200)
})

it('gets none back where none come', async () => {
  const run = counted(plugin, { config: { capacity: 1, refillRequestedTokens: 0 } })
  await run()
  await new Promise(resolve => setTimeout(resolve, 60))
  assert.deepEqual([(await run()).status, (await run()).headers.get('retry-after')], [429, undefined])
})

it('keeps to daily quotas, too', async () => {
  const run = counted(plugin, { config: { quota: { daily: 1 } } })
  assert.deepEqual(await outcomes(run, times(2)), ['200', over])
})

it('wants whole numbers', () => {
  for (const config of [{ capacity: -1 }, { refillRequestIntervalMs: 0 }, { refillRequestedTokens: 'x' }])
    assert.throws(() => setUp(plugin, config), new RegExp(Object.keys(config)[0]!))
})
