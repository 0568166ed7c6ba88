import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { instanceServices, runPlugin } from '../../plugin/testing.ts'
import { goesAlong } from './canary.ts'
import plugin from './canary-mode.ts'

const targets = [{ hostname: 'new.test', port: 443, tls: true }]
const cookieOf = (id: string): string => `otoroshi-canary=${instanceServices.signer.signedId(id)}`
const run = (config: object, request: object = {}) =>
  runPlugin(plugin, { config, request: { url: 'http://www.example.com/', ...request } })

describe('canary mode', () => {
  it('sends nobody elsewhere without targets', async () => {
    const { destination, headers } = await run({ traffic: 1 })
    assert.equal(destination, null)
    assert.equal(headers.has('set-cookie'), false)
  })

  it('sends a share of the clients, each always the same way', async () => {
    const there: string[] = []
    for (let n = 0; n < 200; n++) {
      const headers = { Cookie: cookieOf(`client-${n}`) }
      const first = await run({ targets, traffic: 0.3 }, { headers })
      const again = await run({ targets, traffic: 0.3 }, { headers })
      assert.equal(first.destination === null, again.destination === null)
      if (first.destination !== null) there.push(`client-${n}`)
    }
    assert.ok(there.length > 30 && there.length < 90, String(there.length))
    // Who belongs to a share belongs to a greater one.
    assert.ok(there.every(id => goesAlong(id, 0.5)))
  })

  it('tells a client again by a signed cookie or field, and gives a new id for one that is forged', async () => {
    const known = await run({ targets }, { headers: { Cookie: cookieOf('me') } })
    assert.match(
      known.headers.get('set-cookie')!,
      /^otoroshi-canary=[0-9a-f]{64}::me; Max-Age=2592000; Path=\/; Domain=www\.example\.com/,
    )
    const field = await run(
      { targets },
      { headers: { 'Otoroshi-Canary-Id': instanceServices.signer.signedId('it') } },
    )
    assert.match(field.headers.get('set-cookie')!, /::it;/)
    const forged = await run({ targets }, { headers: { Cookie: `otoroshi-canary=${'0'.repeat(64)}::me` } })
    assert.doesNotMatch(forged.headers.get('set-cookie')!, /::me;/)
  })

  it('sends everybody or nobody at the ends', async () => {
    assert.equal((await run({ targets, traffic: 0 })).destination, null)
    assert.deepEqual((await run({ targets, traffic: 1 })).destination?.targets[0]?.hostname, 'new.test')
    await assert.rejects(run({ targets, traffic: 1.5 }), /traffic/)
  })
})
