import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import { counted } from '../testing/counted.ts'
import plugin from './request-bandwidth-throttling.ts'

const body = (size: number) => ({ method: 'POST', body: ['x'.repeat(size / 2), 'y'.repeat(size / 2)] })
const HOUR = '3600000'

describe('per request', () => {
  it('lets ten mebibytes a minute pass unless told otherwise', async () => {
    const { backend } = await runPlugin(plugin, { request: body(1000) })
    assert.deepEqual([backend?.body.length, backend?.length, backend?.cut], [1000, 1000, null])
  })

  it('ends a body that is too fast', async () => {
    const config = { throttling_quota: '600', window_millis: HOUR }
    const run = counted(plugin, { config })
    const { backend } = await run({ request: body(1000) })
    assert.match(String(backend?.cut), /600 bytes/)
    assert.equal((await run({ request: body(600) })).backend?.cut, null)
  })

  it('slows a body down that may not be ended', async () => {
    const config = { throttling_quota: '500', window_millis: '250', fail: false }
    const begin = performance.now()
    const { backend } = await runPlugin(plugin, { config, request: body(1000) })
    assert.deepEqual([backend?.body.length, backend?.cut], [1000, null])
    assert.ok(performance.now() - begin >= 230)
  })
})

for (const kind of ['per_node', 'per_cluster'])
  describe(kind, () => {
    const config = {
      kind,
      throttling_quota: '1000',
      window_millis: HOUR,
      group_expr: '${req.headers.x-group}',
    }
    const of = (group: string, size: number) => ({
      request: { ...body(size), headers: { 'x-group': group } },
    })

    it('counts the bodies of a group together, and refuses the group once it has used its bytes', async () => {
      const run = counted(plugin, { config })
      assert.equal((await run(of('a', 1000))).backend?.cut, null)
      const { status, refusal } = await run(of('a', 2))
      assert.deepEqual(
        [status, refusal?.reason, refusal?.message],
        [413, 'limit.bandwidth', 'Bandwidth limit exceeded'],
      )
      assert.equal((await run(of('b', 2))).status, 200)
    })

    it('ends the body that uses too much', async () => {
      const run = counted(plugin, { config })
      assert.notEqual((await run(of('a', 1500))).backend?.cut, null)
    })
  })

it('reads numbers from expressions, and refuses what is none', async () => {
  const run = counted(plugin, {
    config: { throttling_quota: '${req.headers.x-bytes}', window_millis: 3_600_000 },
  })
  const bytes = (text: string) => ({ request: { ...body(100), headers: { 'x-bytes': text } } })
  assert.equal((await run(bytes('100'))).backend?.cut, null)
  assert.notEqual((await run(bytes('10'))).backend?.cut, null)
  assert.equal((await run(bytes('many'))).refusal?.reason, 'limit.bandwidth')
})

it('wants numbers or expressions, and a kind that is known', () => {
  assert.throws(() => setUp(plugin, { throttling_quota: 'ten' }), /throttling_quota/)
  assert.throws(() => setUp(plugin, { window_millis: '-5' }), /window_millis/)
  assert.throws(() => setUp(plugin, { kind: 'per_planet' }), /kind/)
})
