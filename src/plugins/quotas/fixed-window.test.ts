import assert from 'node:assert/strict'
import { it } from 'node:test'
import { countingAlone } from '../../limits/counting.ts'
import { setUp } from '../../plugin/testing.ts'
import { counted, outcomes, times } from '../testing/counted.ts'
import plugin from './fixed-window.ts'
import bucket from './local-token-bucket.ts'

const HOUR = 3_600_000
const over = '429 limit.exceeded'

it('lets nearly everything pass unless told otherwise', async () => {
  assert.deepEqual(await outcomes(counted(plugin), times(3)), ['200', '200', '200'])
})

it('lets the calls of a window pass', async () => {
  const run = counted(plugin, { config: { quota: { window: 2 }, windowDurationMs: HOUR } })
  assert.deepEqual(await outcomes(run, [...times(3), { route: { id: 'other' } }]), [
    '200',
    '200',
    over,
    '200',
  ])
  const { refusal } = await run()
  assert.deepEqual([refusal?.status, refusal?.message], [429, 'Too much requests'])
})

it('begins anew when the window is over', async () => {
  const run = counted(plugin, { config: { quota: { window: 1 }, windowDurationMs: 1 } })
  await run()
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal((await run()).status, 200)
})

for (const quota of ['daily', 'monthly'])
  it(`keeps to the ${quota} quota`, async () => {
    const run = counted(plugin, { config: { quota: { [quota]: 1 } } })
    assert.deepEqual(await outcomes(run, times(2)), ['200', over])
  })

it('counts what has the same name together', async () => {
  const config = { quota: { window: 1 }, windowDurationMs: HOUR, bucketKey: '${req.headers.x-plan}' }
  const run = counted(plugin, { config })
  const plan = (name: string, id: string) => ({ request: { headers: { 'x-plan': name } }, route: { id } })
  assert.deepEqual(await outcomes(run, [plan('a', 'r1'), plan('a', 'r2'), plan('b', 'r1')]), [
    '200',
    over,
    '200',
  ])
})

it('is not begun anew by a bucket, or a window of another length, of the same name', async () => {
  const counting = countingAlone()
  const run = counted(
    plugin,
    { config: { quota: { window: 2 }, windowDurationMs: HOUR, bucketKey: 'k' } },
    counting,
  )
  const longer = counted(plugin, { config: { windowDurationMs: 2 * HOUR, bucketKey: 'k' } }, counting)
  const other = counted(bucket, { config: { bucketKey: 'k' } }, counting)
  for (let i = 0; i < 2; i++) {
    assert.equal((await run()).status, 200)
    assert.equal((await other()).status, 200)
    assert.equal((await longer()).status, 200)
  }
  assert.equal((await run()).status, 429)
})

it('wants a window that has a length', () => {
  for (const windowDurationMs of [0, -1, 'long'])
    assert.throws(() => setUp(plugin, { windowDurationMs }), /windowDurationMs/)
  assert.throws(() => setUp(plugin, { quota: { window: -1 } }), /quota/)
})
