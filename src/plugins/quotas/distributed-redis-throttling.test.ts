import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setUp } from '../../plugin/testing.ts'
import { counted, outcomes, times } from '../testing/counted.ts'
import plugin from './distributed-redis-throttling.ts'

const over = '429 limit.exceeded'

it('lets nearly everything pass unless told otherwise', async () => {
  assert.deepEqual(await outcomes(counted(plugin), times(3)), ['200', '200', '200'])
})

for (const quota of ['window', 'daily', 'monthly'])
  it(`keeps to the ${quota} quota`, async () => {
    const run = counted(plugin, { config: { quota: { [quota]: 2 } } })
    assert.deepEqual(await outcomes(run, [...times(3), { route: { id: 'other' } }]), [
      '200',
      '200',
      over,
      '200',
    ])
  })

it('counts what has the same name together', async () => {
  const run = counted(plugin, { config: { quota: { window: 1 }, bucketKey: '${req.ip}' } })
  const from = (ip: string, id: string) => ({ request: { ip }, route: { id } })
  assert.deepEqual(await outcomes(run, [from('1', 'r1'), from('1', 'r2'), from('2', 'r2')]), [
    '200',
    over,
    '200',
  ])
})

it('wants whole numbers', () => {
  assert.throws(() => setUp(plugin, { quota: { daily: 'many' } }), /daily/)
})
