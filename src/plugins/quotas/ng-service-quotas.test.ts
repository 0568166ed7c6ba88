import assert from 'node:assert/strict'
import { it } from 'node:test'
import { countingAlone } from '../../limits/counting.ts'
import { overLimitsAttribute } from '../../plugin/known-attributes.ts'
import { setUp } from '../../plugin/testing.ts'
import { counted, outcomes, times } from '../testing/counted.ts'
import plugin from './ng-service-quotas.ts'

it('lets nearly everything pass unless told otherwise', async () => {
  assert.deepEqual(
    await outcomes(counted(plugin), times(5)),
    times(5).map(() => '200'),
  )
})

for (const quota of ['throttling_quota', 'daily_quota', 'monthly_quota'])
  it(`refuses calls of the route beyond ${quota}`, async () => {
    const run = counted(plugin, { config: { [quota]: 2 } })
    const route = { route: { id: 'other' } }
    assert.deepEqual(await outcomes(run, [...times(3), route]), [
      '200',
      '200',
      '403 limit.quotas_exceeded',
      '200',
    ])
    const { refusal } = await run()
    assert.deepEqual([refusal?.status, refusal?.message], [403, 'forbidden'])
  })

it('in shadow, tells of calls beyond the quota and lets them pass', async () => {
  const run = counted(plugin, { config: { daily_quota: 1, shadow: true } })
  for (const overLimits of [undefined, ['route-day']]) {
    const { status, attributes } = await run()
    assert.equal(status, 200)
    assert.deepEqual(attributes.get(overLimitsAttribute), overLimits)
  }
})

it('tells what is left in RateLimit fields when these are wanted', async () => {
  const counting = Object.assign(countingAlone(60_000), { fields: true })
  const run = counted(plugin, { config: { throttling_quota: 5, daily_quota: 3 } }, counting)
  const { headers } = await run()
  assert.equal(headers.get('ratelimit-policy'), '"route-window";q=5;w=60, "route-day";q=3;w=86400')
  assert.match(headers.get('ratelimit')!, /^"route-window";r=4;t=\d+, "route-day";r=2;t=\d+$/)
  await run()
  await run()
  const over = await run()
  assert.match(over.headers.get('ratelimit')!, /"route-day";r=0;/)
})

it('wants whole numbers', () => {
  for (const config of [{ daily_quota: -1 }, { daily_quota: 'many' }, { throttling_quota: 1.5 }])
    assert.throws(() => setUp(plugin, config), /daily_quota|throttling_quota/)
})
