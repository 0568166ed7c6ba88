import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import tls from 'node:tls'
import type { ServerExchange } from './contract.ts'
import { HeaderBlock } from './headers.ts'
import { cert, key } from './testing/certificate.ts'
import { serve } from './testing/sockets.ts'

const UNKNOWN = -1

/** The body that a path asks for: bytes of all values, different for each path. */
function bodyOf(target: string): Buffer {
  const [, number, size] = target.split('/').map(Number)
  return Buffer.from(Array.from({ length: size! }, (_, i) => (i * 7 + number! * 31) & 255))
}

/** Answers in pieces: some at once, some over several turns, with and without a length; some give up in the middle. */
function answer(exchange: ServerExchange): void {
  const body = bodyOf(exchange.target)
  const [, number = 0] = exchange.target.split('/').map(Number)
  exchange.writeHead(200, 'OK', new HeaderBlock(), number % 2 === 0 ? body.length : UNKNOWN)
  const cut = number % 3 === 0 ? body.length : Math.floor(body.length / 3)
  exchange.writeBody(body.subarray(0, cut))
  const rest = (): void => {
    if (number % 97 === 96) {
      exchange.abort()
      return
    }
    exchange.writeBody(body.subarray(cut))
    exchange.end()
  }
  if (number % 5 === 0) rest()
  else if (number % 5 === 1) setImmediate(rest)
  else {
    exchange.flush()
    setTimeout(rest, number % 4)
  }
}

/** Reads answers from the bytes of a connection as they come. */
class Answers {
  #bytes = Buffer.alloc(0)
  #wake: (() => void) | null = null
  #over = false

  constructor(socket: tls.TLSSocket) {
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#wake?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#over = true
      this.#wake?.()
    })
  }

  /** The body of the next answer; null when the connection ends before. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const body = this.#take()
      if (body !== null || this.#over) return body
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
  }

  #take(): Buffer | null {
    const head = this.#bytes.indexOf('\r\n\r\n')
    if (head < 0) return null
    const length = /content-length: (\d+)/i.exec(this.#bytes.toString('latin1', 0, head))
    const start = head + 4
    if (length !== null) {
      const end = start + Number(length[1])
      return this.#bytes.length < end ? null : this.#cut(this.#bytes.subarray(start, end), end)
    }
    const parts: Buffer[] = []
    for (let at = start; ; ) {
      const line = this.#bytes.indexOf('\r\n', at)
      if (line < 0) return null
      const size = Number.parseInt(this.#bytes.toString('latin1', at, line), 16)
      const end = line + 2 + size + 2
      if (this.#bytes.length < end) return null
      if (size === 0) return this.#cut(Buffer.concat(parts), end)
      parts.push(this.#bytes.subarray(line + 2, line + 2 + size))
      at = end
    }
  }

  #cut(body: Buffer, end: number): Buffer {
    this.#bytes = this.#bytes.subarray(end)
    return body
  }
}

describe('answers over TLS', () => {
  it('keep their bytes apart, whatever their length and however many are under way', async () => {
    const { port, stop } = await serve(answer, {}, { tls: { cert, key } })
    const sizes = [0, 1, 17, 900, 4096, 16_000, 16_384, 16_385, 40_000]
    let asked = 0
    let whole = 0
    const client = async (first: number): Promise<void> => {
      for (let turn = 0; turn < 4; turn++) {
        const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
        await once(socket, 'secureConnect')
        const answers = new Answers(socket)
        for (let i = 0; i < 25; i++) {
          const numbers = [0, 1, 2].slice(0, 1 + (i % 3)).map(n => first + turn * 100 + i * 3 + n)
          const targets = numbers.map(n => `/${n}/${sizes[n % sizes.length]}`)
          asked += targets.length
          // Several at once come one after the other: the next is written while the last is on its way.
          socket.write(targets.map(target => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''))
          let cut = false
          for (const target of targets) {
            const body = await answers.next()
            if (body === null) {
              cut = true
              break
            }
            assert.ok(body.equals(bodyOf(target)), `${target} is another body`)
            whole++
          }
          if (cut) break
        }
        socket.destroy()
      }
    }
    await Promise.all(Array.from({ length: 24 }, (_, i) => client(i * 1000)))
    await stop()
    assert.ok(whole > 2000, `${whole} of ${asked}`)
    assert.ok(whole < asked, 'none was cut')
  })
})
