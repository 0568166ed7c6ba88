import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-defer-plugin.ts'

async function took(config: object, request: object = {}): Promise<number> {
  const start = performance.now()
  const { status } = await runPlugin(plugin, { config, request })
  assert.equal(status, 200)
  return performance.now() - start
}

it('waits as the field, the parameter or the settings say, in this order', async () => {
  assert.ok((await took({ duration: 60 })) >= 58)
  assert.ok((await took({ duration: 0 }, { headers: { 'X-Defer': '70' }, url: '/?defer=1' })) >= 68)
  assert.ok((await took({ duration: 0 }, { url: '/?defer=80' })) >= 78)
})

it('lets no client wait longer than allowed, and refuses what is no number', async () => {
  assert.ok((await took({ max_duration: 0 }, { headers: { 'X-Defer': '999999999' } })) < 60_000)
  for (const bad of ['-1', 'soon', '1e9', '']) {
    const { status, refusal } = await runPlugin(plugin, { request: { headers: { 'X-Defer': bad } } })
    assert.equal(status, 400, bad)
    assert.equal(refusal?.reason, 'defer.bad_duration')
  }
})
