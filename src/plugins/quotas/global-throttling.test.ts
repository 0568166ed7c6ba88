import assert from 'node:assert/strict'
import { it } from 'node:test'
import { countingAlone } from '../../limits/counting.ts'
import { noGlobalLimits } from '../../limits/global-limits.ts'
import { counted, outcomes, times } from '../testing/counted.ts'
import plugin from './global-throttling.ts'

it('refuses calls beyond the limit of all routes, whatever route and address they are of', async () => {
  const counting = countingAlone(3_600_000)
  counting.global = { ...noGlobalLimits, calls: 2 }
  const run = counted(plugin, {}, counting)
  assert.deepEqual(
    await outcomes(run, [{ route: { id: 'a' } }, { route: { id: 'b' }, request: { ip: '10.0.0.1' } }]),
    ['200', '200'],
  )
  const { refusal, headers } = await run()
  assert.deepEqual(
    [refusal?.status, refusal?.message, refusal?.cause],
    [429, '[GLOBAL] You performed too much requests', 'errors.too.much.requests'],
  )
  assert.match(headers.get('retry-after')!, /^\d+$/)
  counting.global = { ...noGlobalLimits, calls: 3 }
  assert.deepEqual(await outcomes(run, times(2)), ['200', '429 limit.global'])
})

it('counts nothing while there is no limit', async () => {
  const counting = countingAlone()
  const run = counted(plugin, {}, counting)
  await run()
  counting.global = { ...noGlobalLimits, calls: 1 }
  assert.deepEqual(await outcomes(run, times(2)), ['200', '429 limit.global'])
})

it('leaves the admin API open', async () => {
  const counting = Object.assign(countingAlone(), { adminRoute: 'admin' })
  counting.global = { ...noGlobalLimits, calls: 0 }
  const run = counted(plugin, {}, counting)
  assert.deepEqual(await outcomes(run, [{ route: { id: 'admin' } }, { route: { id: 'a' } }]), [
    '200',
    '429 limit.global',
  ])
})
