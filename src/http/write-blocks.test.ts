import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { writeCopy } from './write-blocks.ts'

let server: net.Server
let accepted: (socket: net.Socket) => void = () => {}

before(async () => {
  server = net.createServer(socket => accepted(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
})
after(() => server.close())

/** Both ends of a connection; nobody reads from it yet. */
async function pair(): Promise<{ writer: net.Socket; reader: net.Socket }> {
  const waiting = new Promise<net.Socket>(resolve => (accepted = resolve))
  const reader = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' })
  reader.pause()
  return { writer: await waiting, reader }
}

async function readAll(reader: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of reader) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

describe('copies written to a socket', () => {
  for (const length of [1, 17_000, 17_407, 17_408, 33_000, 65_536, 67_584, 70_000, 500_000])
    it(`of ${length} bytes keep their content while the memory is used again`, async () => {
      const { writer, reader } = await pair()
      const memory = Buffer.alloc(length)
      const count = Math.max(40, Math.ceil(8_000_000 / length) % 400)
      for (let i = 0; i < count; i++) {
        memory.fill(i)
        writeCopy(writer, `<${i}:`, memory, '>')
      }
      memory.fill(255)
      writer.end()
      const got = await readAll(reader)
      let at = 0
      for (let i = 0; i < count; i++) {
        const before = `<${i}:`
        assert.equal(got.toString('latin1', at, at + before.length), before)
        at += before.length
        assert.ok(
          got.subarray(at, at + length).equals(Buffer.alloc(length, i)),
          `the bytes of write ${i} are not what they were`,
        )
        at += length
        assert.equal(got[at++], 62)
      }
      assert.equal(at, got.length)
    })

  it('to a connection that is torn are not mixed into those to another', async () => {
    const torn = await pair()
    const other = await pair()
    const memory = Buffer.alloc(65_536)
    for (let round = 0; round < 200; round++) {
      memory.fill(1)
      writeCopy(torn.writer, '', memory, '')
      memory.fill(2)
      writeCopy(other.writer, '', memory, '')
      if (round === 100) torn.writer.destroy()
      if (round % 10 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    other.writer.end()
    const got = await readAll(other.reader)
    assert.equal(got.length, 200 * memory.length)
    assert.ok(got.equals(Buffer.alloc(got.length, 2)))
    torn.reader.destroy()
  })
})
