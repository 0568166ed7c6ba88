import assert from 'node:assert/strict'
import { it } from 'node:test'
import { remainingOf } from '../../limits/counted-call.ts'
import { apikeyAttribute, countedCallAttribute } from '../../plugin/index.ts'
import { apikey } from '../../plugin/testing.ts'
import { counted } from '../testing/counted.ts'
import { keyCallTaken } from '../key-counter.ts'
import plugin from './apikey-quotas.ts'

const key = apikey({ clientId: 'k', clientSecret: 's', dailyQuota: 2 })

it('counts calls of keys and refuses none', async () => {
  const run = counted(plugin, { before: ({ attributes }) => attributes.set(apikeyAttribute, key) })
  const used: number[] = []
  for (let i = 0; i < 3; i++) {
    const { status, attributes } = await run()
    assert.equal(status, 200)
    used.push(remainingOf(attributes.get(countedCallAttribute)!).currentCallsPerDay)
  }
  assert.deepEqual(used, [1, 2, 3])
})

it('has nothing to count without a key', async () => {
  const { status, attributes } = await counted(plugin)()
  assert.deepEqual([status, attributes.get(countedCallAttribute)], [200, undefined])
})

it('does not count a call that was counted, but one that was only compared', async () => {
  const first = await counted(plugin, { before: ({ attributes }) => attributes.set(apikeyAttribute, key) })()
  const call = first.attributes.get(countedCallAttribute)!
  assert.equal(first.attributes.get(keyCallTaken), true)
  const after = (taken: boolean) =>
    counted(plugin, {
      before: ({ attributes }) => {
        attributes.set(apikeyAttribute, key)
        attributes.set(countedCallAttribute, call)
        if (taken) attributes.set(keyCallTaken, true)
      },
    })
  assert.equal((await after(true)()).attributes.get(countedCallAttribute), call)
  assert.notEqual((await after(false)()).attributes.get(countedCallAttribute), call)
})
