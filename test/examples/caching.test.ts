/** Use case 8 of examples/: what a cache in front of the tiles saves, and that nobody gets an old tile. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { trace } from '../../examples/8-tile-cache/trace.js'
import { type Example, startExample } from '../support/example.ts'

let example: Example
before(async () => {
  example = await startExample('8')
})
after(() => example?.stop())

it('examples/8-tile-cache/README.md says what happens', async () => {
  const fresh = await startExample('8')
  try {
    await fresh.typeReadme('8-tile-cache')
  } finally {
    await fresh.stop()
  }
})

it('saves the application at least 95 % of the calls of visitors who zoom and pan', async t => {
  const { uncached, cached } = await trace(example.port, example.appPort)
  const fewer = (1 - cached.calls / cached.asked) * 100
  t.diagnostic(`without: ${uncached.asked} tiles, ${uncached.calls} calls`)
  t.diagnostic(`with: ${cached.asked} tiles, ${cached.calls} calls, ${fewer.toFixed(1)} % fewer`)
  assert.equal(uncached.calls, uncached.asked)
  assert.ok(cached.asked > 5_000)
  assert.ok(fewer >= 95, `${fewer}`)
})

it('asks again by the name of the version, and passes it on', async () => {
  const tile = '/relief/9/227/184.png'
  const first = await example.get('cached', tile)
  const before = await example.calls()
  const kept = await example.get('cached', tile)
  assert.equal(kept.body, first.body)
  assert.equal(kept.headers.etag, first.headers.etag)
  assert.deepEqual(await example.calls(), before)

  const asked = await example.get('cached', tile, { 'Cache-Control': 'no-cache' })
  assert.equal(asked.status, 200)
  assert.match(String(asked.headers['cache-status']), /fwd=request; fwd-status=304; ttl=\d+; stored$/)
  assert.equal(asked.body, first.body)
  const after = await example.calls()
  assert.deepEqual([after.tiles - before.tiles, after.unchanged - before.unchanged], [1, 1])

  const mine = await example.get('cached', tile, { 'If-None-Match': first.headers.etag! })
  assert.deepEqual([mine.status, mine.body], [304, ''])
  const old = await example.get('cached', tile, { 'If-None-Match': '"of another start"' })
  assert.deepEqual([old.status, old.body], [200, first.body])
  assert.deepEqual(await example.calls(), after)
})

it('asks once for those who want the same at the same time', async () => {
  const { tiles: before } = await example.calls()
  const got = await Promise.all(
    Array.from({ length: 50 }, () => example.get('cached', '/relief/11/910/737.png')),
  )
  assert.ok(got.every(({ status, body }) => status === 200 && body === got[0]!.body))
  assert.equal((await example.calls()).tiles, before + 1)
})

it('keeps no fault', async () => {
  for (let i = 0; i < 2; i++) assert.equal((await example.get('cached', '/relief/8/999/0.png')).status, 404)
})
