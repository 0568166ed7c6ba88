import assert from 'node:assert/strict'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import { ask, block, frame, get, preface, started, stopAll } from './testing/http2-frames.ts'
import { say } from './testing/sockets.ts'

after(stopAll)

describe('attacks on an HTTP/2 server', () => {
  /** Writes in rounds until the server closes; answers the number of rounds it bore. */
  async function flood(port: number, round: (n: number) => Buffer, rounds: number): Promise<number> {
    // Each round at once: rounds that wait for an acknowledgement arrive as one, and a server that reads them has them all.
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let closed = false
    socket.on('error', () => {})
    socket.on('close', () => (closed = true))
    socket.resume()
    socket.write(preface)
    for (let n = 0; n < rounds; n++) {
      if (closed) return n
      socket.write(round(n))
      await new Promise(done => setTimeout(done, 2))
    }
    await new Promise(done => setTimeout(done, 300))
    socket.destroy()
    return closed ? rounds : rounds + 1
  }

  it('by rapid reset end the session', async () => {
    let handled = 0
    const { port } = await started(() => handled++)
    const round = (n: number): Buffer => {
      const parts: Buffer[] = []
      for (let i = 0; i < 50; i++) {
        const id = (n * 50 + i) * 2 + 1
        parts.push(frame(1, 5, id, block), frame(3, 0, id, Buffer.from([0, 0, 0, 8])))
      }
      return Buffer.concat(parts)
    }
    assert.ok((await flood(port, round, 100)) <= 100)
    assert.ok(handled < 1000, `${handled}`)
  })

  it('by endless CONTINUATION end the session', async () => {
    const { port } = await started(say('x'))
    const part = Buffer.from([0x00, 0x01, 0x61, 0x7f, 0x80, 0x01, ...new Array(255).fill(0x61)])
    const round = (n: number): Buffer => (n === 0 ? frame(1, 0, 1, block) : frame(9, 0, 1, part))
    assert.ok((await flood(port, round, 300)) <= 300)
  })

  it('by SETTINGS and PING floods end the session or stay bounded', async () => {
    const { port } = await started(say('x'))
    const many = Buffer.concat(Array.from({ length: 100 }, () => Buffer.from([0, 3, 0, 0, 0, 1])))
    assert.ok((await flood(port, () => frame(4, 0, 0, many), 100)) <= 100)
    const before = process.memoryUsage().rss
    await flood(
      port,
      () => Buffer.concat(Array.from({ length: 500 }, () => frame(6, 0, 0, Buffer.alloc(8)))),
      50,
    )
    assert.ok(process.memoryUsage().rss - before < 100_000_000)
  })

  it('by a bomb of compressed headers are refused', async () => {
    const { connect } = await started(say('reached'))
    const got = await ask(
      connect(),
      get(...Array.from({ length: 120 }, () => ['x', 'y'.repeat(1000)]).flat()),
    )
    assert.ok(got.status === 431 || got.code !== 0, `${got.status} ${got.code}`)
  })

  it('by uppercase, connection-specific or control characters in raw frames never reach a handler', async () => {
    // nghttp2 answers some with an error and takes others out of the block; none gets through.
    const seen: string[] = []
    const { port } = await started(exchange => {
      seen.push(exchange.headers.wire())
      say('x')(exchange)
    })
    const literal = (name: string, value: string): Buffer =>
      Buffer.concat([
        Buffer.from([0x00, name.length]),
        Buffer.from(name, 'latin1'),
        Buffer.from([value.length]),
        Buffer.from(value, 'latin1'),
      ])
    for (const [name, value] of [
      ['X-Upper', 'a'],
      ['connection', 'close'],
      ['transfer-encoding', 'chunked'],
      ['upgrade', 'websocket'],
      ['keep-alive', '5'],
      ['proxy-connection', 'x'],
      ['te', 'gzip'],
      ['a', 'b\r\nc: d'],
      ['a', 'b\nc'],
      ['a', 'b\0c'],
      ['a\r\nb', 'c'],
      ['a b', 'c'],
      ['a:', 'c'],
      ['', 'c'],
      [':path', '/twice'],
      [':unknown', 'x'],
      ['content-length', '+1'],
      ['content-length', '1, 1'],
      ['host', 'other'],
    ] as const) {
      const bytes = Buffer.concat([preface, frame(1, 5, 1, Buffer.concat([block, literal(name, value)]))])
      await new Promise<void>(done => {
        const socket = net.connect(port, '127.0.0.1')
        let got: Buffer = Buffer.alloc(0)
        socket.on('error', () => {})
        socket.on('close', () => done())
        socket.on('data', chunk => {
          got = Buffer.concat([got, chunk as Buffer])
          // HEADERS, RST_STREAM or GOAWAY is the answer.
          for (let at = 0; at + 9 <= got.length; at += 9 + got.readUIntBE(at, 3))
            if ([1, 3, 7].includes(got[at + 3]!)) socket.destroy()
        })
        socket.write(bytes)
      })
      assert.ok(
        seen.every(block => block === 'host: h\r\n'),
        `${name}: ${value} became ${seen.at(-1)}`,
      )
      const malformed = /^[A-Z:]|^(connection|transfer|upgrade|keep|proxy|te$|content|host)/.test(name)
      if (malformed) assert.deepEqual(seen, [], `${name}: ${value}`)
      seen.length = 0
    }
  })
})
