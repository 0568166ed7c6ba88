import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import { counted } from '../testing/counted.ts'
import plugin from './response-bandwidth-throttling.ts'

const backend = (size: number) => ({ body: ['x'.repeat(size / 2), 'y'.repeat(size / 2)] })
const HOUR = '3600000'

it('lets ten mebibytes a minute pass unless told otherwise', async () => {
  const { body, length, cut } = await runPlugin(plugin, { backend: backend(1000) })
  assert.deepEqual([body.length, length, cut], [1000, 1000, null])
})

it('ends a body that is too fast', async () => {
  const run = counted(plugin, { config: { throttling_quota: '600', window_millis: HOUR } })
  const { body, cut } = await run({ backend: backend(1000) })
  assert.equal(body.length, 500)
  assert.match(String(cut), /600 bytes/)
})

it('slows a body down that may not be ended', async () => {
  const config = { throttling_quota: '500', window_millis: '250', fail: false }
  const begin = performance.now()
  const { body, cut } = await runPlugin(plugin, { config, backend: backend(1000) })
  assert.deepEqual([body.length, cut], [1000, null])
  assert.ok(performance.now() - begin >= 230)
})

for (const kind of ['per_node', 'per_cluster'])
  it(`${kind}: refuses calls once the group has used its bytes`, async () => {
    const run = counted(plugin, { config: { kind, throttling_quota: '1000', window_millis: HOUR } })
    assert.equal((await run({ backend: backend(1000) })).cut, null)
    const { status, refusal, backend: called } = await run({ backend: backend(2) })
    assert.deepEqual([status, refusal?.reason, called], [413, 'limit.bandwidth', null])
    assert.equal((await run({ backend: backend(2), route: { id: 'other' } })).status, 200)
  })
