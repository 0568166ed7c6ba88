import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setUp } from '../../plugin/testing.ts'
import { counted, outcomes } from '../testing/counted.ts'
import plugin from './ng-custom-quotas.ts'

const from = (ip: string, id = 'route_test') => ({ request: { ip }, route: { id } })
const over = '403 limit.quotas_exceeded'

it('lets callers pass unless told otherwise', async () => {
  assert.deepEqual(await outcomes(counted(plugin), [from('1'), from('1')]), ['200', '200'])
})

for (const quota of ['daily_quota', 'monthly_quota'])
  it(`limits each caller by ${quota}`, async () => {
    const run = counted(plugin, { config: { [quota]: 2 } })
    assert.deepEqual(await outcomes(run, [from('1'), from('1'), from('1'), from('2'), from('1', 'other')]), [
      '200',
      '200',
      over,
      '200',
      '200',
    ])
  })

it('counts the routes of a group together', async () => {
  const run = counted(plugin, { config: { daily_quota: 1, group: '${route.metadata.team}' } })
  const of = (id: string, team: string) => ({ route: { id, metadata: { team } } })
  assert.deepEqual(await outcomes(run, [of('r1', 'a'), of('r2', 'a'), of('r3', 'b')]), ['200', over, '200'])
})

it('counts callers whose names a store could not hold', async () => {
  const run = counted(plugin, { config: { daily_quota: 1, expression: '${req.headers.x-user}' } })
  const user = (name: string) => ({ request: { headers: { 'x-user': name } } })
  const long = 'u'.repeat(7000)
  assert.deepEqual(await outcomes(run, [user(long), user(`${long}v`), user(long)]), ['200', '200', over])
})

it('wants whole numbers', () => {
  assert.throws(() => setUp(plugin, { monthly_quota: null, daily_quota: -2 }), /daily_quota/)
})
