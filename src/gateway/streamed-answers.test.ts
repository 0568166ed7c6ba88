/** Answers of plugins that come in pieces: they flow, they pause, and they end with their client. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import { answer } from '../plugin/answer.ts'
import type { PluginInstance } from '../plugin/contract.ts'
import { openTestGateway, type TestGateway, testRoute } from './testing/test-gateway.ts'
import { testPlugin } from './testing/test-plugin.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

/** Pieces without end, and what became of them. */
class Pieces {
  made = 0
  ended = false
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  async *flow(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        await new Promise(resolve => setImmediate(resolve))
        this.made++
        yield Buffer.alloc(this.#size, 'x')
      }
    } finally {
      this.ended = true
    }
  }
}

/** Plugins that stream from different places: a route that is there and one that is not, at once and later. */
const places: [string, (pieces: Pieces) => PluginInstance][] = [
  ['a plugin of the route', pieces => ({ preRoute: () => answer(200, [], pieces.flow()) })],
  ['a plugin that took its time', pieces => ({ access: async () => answer(200, [], pieces.flow()) })],
  ['a backend plugin', pieces => ({ backend: () => answer(200, [], pieces.flow()) })],
  ['a sink', pieces => ({ sink: () => answer(200, [], pieces.flow()) })],
  ['a sink that took its time', pieces => ({ sink: async () => answer(200, [], pieces.flow()) })],
]

async function setUp(instance: PluginInstance): Promise<TestGateway> {
  const gateway = await openTestGateway({ plugins: [testPlugin('p', instance)] })
  open.push(gateway)
  const slots = [{ plugin: 'p' }]
  if (instance.sink !== undefined)
    await gateway.write(['GlobalConfig', { plugins: { config: { ng: slots } } }])
  else await gateway.write(['Route', testRoute('r', 'api.test', 1, { plugins: slots })])
  return gateway
}

async function request(gateway: TestGateway, method = 'GET'): Promise<net.Socket> {
  const socket = net.connect(gateway.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${method} / HTTP/1.1\r\nHost: api.test\r\n\r\n`)
  return socket
}

async function settled(condition: () => boolean): Promise<void> {
  const until = Date.now() + 3000
  while (!condition()) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

for (const [place, instanceOf] of places)
  describe(`an answer in pieces of ${place}`, () => {
    it('ends when its client leaves, and is counted once', async () => {
      const pieces = new Pieces(10)
      const gateway = await setUp(instanceOf(pieces))
      const socket = await request(gateway)
      let got = ''
      socket.on('data', chunk => (got += chunk))
      await settled(() => got.includes('xxxxxxxxxx'))
      socket.resetAndDestroy()
      await settled(() => pieces.ended)
      assert.equal(gateway.inFlight, 0)
    })

    it('pauses while its client does not read', async () => {
      const pieces = new Pieces(65_536)
      const gateway = await setUp(instanceOf(pieces))
      const socket = await request(gateway)
      socket.pause()
      let before = -1
      await settled(() => {
        const same = pieces.made === before && before > 0
        before = pieces.made
        return same
      })
      await new Promise(resolve => setTimeout(resolve, 50))
      assert.equal(pieces.made, before)
      socket.destroy()
      await settled(() => pieces.ended)
      assert.equal(gateway.inFlight, 0)
    })

    it('has no pieces for HEAD', async () => {
      const pieces = new Pieces(10)
      const gateway = await setUp(instanceOf(pieces))
      const socket = await request(gateway, 'HEAD')
      let got = ''
      socket.on('data', chunk => (got += chunk))
      await settled(() => got.includes('\r\n\r\n'))
      await settled(() => gateway.inFlight === 0)
      assert.ok(got.startsWith('HTTP/1.1 200 '))
      assert.equal(pieces.made, 0)
      socket.destroy()
    })
  })
