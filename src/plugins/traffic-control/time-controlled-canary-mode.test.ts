import assert from 'node:assert/strict'
import { it } from 'node:test'
import { instanceServices, runPlugin } from '../../plugin/testing.ts'
import plugin from './time-controlled-canary-mode.ts'

const targets = [{ hostname: 'new.test', port: 80 }]
const hour = 3_600_000
const at = (offset: number): string => new Date(Date.now() + offset).toISOString()

/** How many of a hundred clients go over. */
async function moved(start: string, stop: string | null, more: object = {}): Promise<number> {
  let count = 0
  for (let n = 0; n < 100; n++) {
    const headers = { Cookie: `otoroshi-tc-canary=${instanceServices.signer.signedId(`client-${n}`)}` }
    const { destination } = await runPlugin(plugin, {
      config: { targets, start, stop, ...more },
      request: { headers },
    })
    if (destination !== null) count++
  }
  return count
}

it('moves nobody before, everybody behind, and a growing share between', async () => {
  assert.equal(await moved(at(hour), at(2 * hour)), 0)
  assert.equal(await moved(at(-2 * hour), at(-hour)), 100)
  const half = await moved(at(-hour), at(hour))
  assert.ok(half > 25 && half < 75, String(half))
  assert.equal(await moved(at(-hour), at(hour), { increment_percent: 100 }), 100)
  assert.equal(await moved(at(-25 * hour), null), 100)
})

it('does nothing without a start, and refuses what is no span', async () => {
  const { destination } = await runPlugin(plugin, { config: { targets } })
  assert.equal(destination, null)
  await assert.rejects(runPlugin(plugin, { config: { targets, start: 'soon' } }), /start/)
  await assert.rejects(runPlugin(plugin, { config: { targets, start: at(hour), stop: at(0) } }), /stop/)
})
