import assert from 'node:assert/strict'
import { it } from 'node:test'
import { countingAlone } from '../../limits/counting.ts'
import { noGlobalLimits } from '../../limits/global-limits.ts'
import { counted, outcomes } from '../testing/counted.ts'
import plugin from './global-per-ip-address-throttling.ts'

it('refuses calls of an address beyond its limit', async () => {
  const counting = countingAlone(3_600_000)
  counting.global = { ...noGlobalLimits, perAddress: 1 }
  const run = counted(plugin, {}, counting)
  const from = (ip: string) => ({ request: { ip } })
  assert.deepEqual(
    await outcomes(run, [from('10.0.0.1'), from('10.0.0.2'), from('10.0.0.1'), from('10.0.0.2')]),
    ['200', '200', '429 limit.address', '429 limit.address'],
  )
  const { refusal } = await run(from('10.0.0.1'))
  assert.equal(refusal?.message, '[IP] You performed too much requests')
})

it('takes the address that a trusted proxy names', async () => {
  const counting = countingAlone(3_600_000)
  counting.global = { ...noGlobalLimits, perAddress: 1 }
  const run = counted(plugin, {}, counting)
  const forwarded = (ip: string) => ({ request: { headers: { 'X-Forwarded-For': ip } } })
  assert.deepEqual(await outcomes(run, [forwarded('1.1.1.1'), forwarded('2.2.2.2'), forwarded('1.1.1.1')]), [
    '200',
    '200',
    '429 limit.address',
  ])
})
