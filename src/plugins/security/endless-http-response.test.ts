import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './endless-http-response.ts'
import { TrappedClients } from './trapped-clients.ts'

function* pieces(count: number, size: number): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(size)
}

/** Bytes of a body until it ends. */
async function drain(body: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const piece of body) bytes += piece.length
  return bytes
}

describe('an answer without end', () => {
  it('is for listed addresses only', async () => {
    const config = { addresses: ['10.0.0.0/8', '192.168.1.*'], duration: 1 }
    for (const [ip, trapped] of [
      ['10.1.2.3', true],
      ['192.168.1.9', true],
      ['::ffff:10.0.0.1', true],
      ['11.0.0.1', false],
    ] as const) {
      const run = await runPlugin(plugin, { config, request: { ip } })
      assert.equal(run.backend === null, trapped, ip)
      assert.equal(run.headers.get('content-type') === 'application/octet-stream', trapped)
    }
    assert.notEqual((await runPlugin(plugin, {})).backend, null)
  })

  it('is one block of zeros or fingers for everybody while it is tried', async () => {
    const zeros = await runPlugin(plugin, { config: { is_debug: true } })
    assert.deepEqual(
      [zeros.status, zeros.body.length, zeros.body.some(byte => byte !== 0)],
      [200, 16_384, false],
    )
    const fingers = await runPlugin(plugin, { config: { is_debug: true, finger: true } })
    assert.equal(fingers.text, '\u{1F595}'.repeat(16))
  })

  it('is not given to more clients than allowed', async () => {
    const config = { addresses: ['127.0.0.1'], clients: 1, rate: 1024, duration: 60_000 }
    const instance = setUp(plugin, config, pluginServices(routeView(), [], []))
    const shared = { ...plugin, setup: () => instance }
    const held = runPlugin(shared, { config })
    // Its body has begun.
    await new Promise(setImmediate)
    const refused = await runPlugin(shared, { config })
    assert.equal(refused.status, 403)
    assert.equal(refused.refusal?.reason, 'ip_not_allowed')
    // The first one goes on for a minute, in a timer that keeps no process alive.
    held.catch(() => {})
  })

  it('does not start with an address that is none', () => {
    for (const config of [
      { addresses: ['10.0.0.300'] },
      { rate: 1 },
      { clients: 0 },
      { duration: 0 },
      { finger: 1 },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})

describe('clients that are kept busy', () => {
  it('get what there is at the rate that is set', async () => {
    const trapped = new TrappedClients({ clients: 1, rate: 100_000, duration: 60_000 })
    const began = performance.now()
    assert.equal(await drain(trapped.hold(pieces(4, 5_000))!), 20_000)
    assert.ok(performance.now() - began >= 190)
    assert.equal(trapped.count, 0)
  })

  it('are let go after the time that is set', async () => {
    const trapped = new TrappedClients({ clients: 1, rate: 1_000_000, duration: 50 })
    const bytes = await drain(trapped.hold(pieces(1_000_000, 1_000))!)
    assert.ok(bytes < 1_000_000_000)
    assert.equal(trapped.count, 0)
  })

  it('do not count before their answer flows: one to HEAD never does', () => {
    const trapped = new TrappedClients({ clients: 1, rate: 1_000_000, duration: 60_000 })
    for (let i = 0; i < 3; i++) assert.notEqual(trapped.hold(pieces(1, 1)), null)
    assert.equal(trapped.count, 0)
  })

  it('make room when they leave, whenever that is', async () => {
    const trapped = new TrappedClients({ clients: 2, rate: 1_000_000, duration: 60_000 })
    const [early, late] = [trapped.hold(pieces(10, 1))!, trapped.hold(pieces(10, 1))!].map(body =>
      body[Symbol.asyncIterator](),
    )
    assert.equal(trapped.hold(pieces(1, 1)), null)
    await early!.return!()
    assert.equal(trapped.count, 1)
    await late!.next()
    await late!.return!()
    await late!.return!()
    assert.equal(trapped.count, 0)
  })
})
