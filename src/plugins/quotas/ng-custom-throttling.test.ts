import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setUp } from '../../plugin/testing.ts'
import { counted, outcomes, times } from '../testing/counted.ts'
import plugin from './ng-custom-throttling.ts'

const from = (ip: string, id = 'route_test') => ({ request: { ip }, route: { id } })
const over = '403 limit.quotas_exceeded'

it('limits each address of each route unless told otherwise', async () => {
  const run = counted(plugin, { config: { throttling_quota: 1 } })
  assert.deepEqual(await outcomes(run, [from('1'), from('2'), from('1'), from('1', 'other')]), [
    '200',
    '200',
    over,
    '200',
  ])
})

it('lets a hundred pass unless told otherwise', async () => {
  assert.deepEqual((await outcomes(counted(plugin), times(101))).slice(98), ['200', '200', over])
})

it('counts routes of a group together, and callers as the expression names them', async () => {
  const run = counted(plugin, {
    config: { throttling_quota: 1, group: 'shop', expression: '${req.headers.x-user}' },
  })
  const user = (name: string, id: string) => ({ request: { headers: { 'x-user': name } }, route: { id } })
  assert.deepEqual(await outcomes(run, [user('a', 'r1'), user('a', 'r2'), user('b', 'r2')]), [
    '200',
    over,
    '200',
  ])
})

for (const config of [{ per_route: false }, { perRoute: false }])
  it(`counts all routes together with ${JSON.stringify(config)}`, async () => {
    const run = counted(plugin, { config: { throttling_quota: 1, ...config } })
    assert.deepEqual(await outcomes(run, [from('1', 'r1'), from('1', 'r2')]), ['200', over])
  })

it('takes what callers are named for no expression', async () => {
  const run = counted(plugin, { config: { throttling_quota: 1, expression: '${req.headers.x-user}' } })
  const user = (name: string) => ({ request: { headers: { 'x-user': name } } })
  assert.deepEqual(await outcomes(run, [user('${req.ip}'), user('127.0.0.1')]), ['200', '200'])
})

it('wants settings of the right kind', () => {
  assert.throws(() => setUp(plugin, { throttling_quota: '100' }), /throttling_quota/)
  assert.throws(() => setUp(plugin, { expression: 5 }), /expression/)
})
