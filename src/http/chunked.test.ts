import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadMessage } from './bad-message.ts'
import { ChunkDecoder, chunkPrefix, lastChunk } from './chunked.ts'
import { HeaderBlock } from './headers.ts'
import { DEFAULT_LIMITS, type HttpLimits } from './limits.ts'

interface Decoded {
  data: string
  trailers: string | null
  /** Bytes used, or -1 when the body is not complete. */
  used: number
}

/** Decodes the bytes handed over in pieces of `size`. */
function decode(text: string, size = text.length, limits: HttpLimits = DEFAULT_LIMITS): Decoded {
  const bytes = Buffer.from(text, 'latin1')
  const decoder = new ChunkDecoder(limits)
  let data = ''
  for (let from = 0; from < bytes.length; from += size) {
    const piece = Buffer.from(bytes.subarray(from, from + size))
    let at = 0
    while (at < piece.length && !decoder.done) {
      const next = decoder.step(piece, at, piece.length)
      data += piece.toString('latin1', decoder.dataStart, decoder.dataEnd)
      assert.ok(next > at, 'every step consumes')
      at = next
    }
    if (decoder.done) return { data, trailers: decoder.trailers?.wire() ?? null, used: from + at }
  }
  return { data, trailers: null, used: -1 }
}

describe('the chunk decoder', () => {
  it('reads bodies in any pieces', () => {
    const text =
      '4\r\nWiki\r\n5;a=b\r\npedia\r\nE;x="y z"\r\n in\r\n\r\nchunks.\r\n0\r\nA: b\r\nC: d\r\n\r\nNEXT'
    for (let size = 1; size <= text.length; size++)
      assert.deepEqual(decode(text, size), {
        data: 'Wikipedia in\r\n\r\nchunks.',
        trailers: 'A: b\r\nC: d\r\n',
        used: text.length - 4,
      })
  })

  it('reads the empty body', () => {
    assert.deepEqual(decode('0\r\n\r\n'), { data: '', trailers: null, used: 5 })
    assert.deepEqual(decode('000\r\n\r\n'), { data: '', trailers: null, used: 7 })
    assert.equal(decode('0\r\n').used, -1)
  })

  it('refuses every other spelling', () => {
    for (const text of [
      '\r\n',
      'g\r\n',
      '-1\r\n',
      '+1\r\n',
      '0x1\r\n',
      ' 1\r\n',
      '1 \r\nx',
      '1\nx',
      '1\rx',
      '1\r\nxy\r\n',
      '1\r\nx\n',
      '1\r\nx\r0',
      '123456789\r\n',
      ';a\r\n',
      '1;a\nb\r\n',
      '1;a\rb\r\n',
      '1;\0\r\n',
      '0\r\nA\r\n\r\n',
      '0\r\n A: b\r\n\r\n',
      '0\r\nA: b\n\r\n',
      '0\r\n\n',
      '1,1\r\n',
      '1\t\r\nx',
    ])
      for (const size of [1, 2, text.length])
        assert.throws(() => decode(text, size), BadMessage, JSON.stringify(text))
  })

  it('keeps its limits', () => {
    const limits = { ...DEFAULT_LIMITS, maxChunk: 10, maxBody: 15, maxHead: 100 }
    const status = (text: string, size?: number): number => {
      try {
        decode(text, size, limits)
      } catch (error) {
        return (error as BadMessage).status
      }
      return 0
    }
    assert.equal(status('b\r\n'), 413)
    assert.equal(status('a\r\n0123456789\r\n6\r\n'), 413)
    assert.equal(status(`0\r\nA: ${'x'.repeat(200)}`), 431)
    assert.equal(status(`0\r\n${'A: x\r\n'.repeat(40)}`, 1), 431)
    assert.throws(() => decode(`1;${'x'.repeat(20_000)}\r\n`), /extension/)
  })

  it('lets extensions grow with the data only', () => {
    const chunk = `64;${'e'.repeat(90)}\r\n${'x'.repeat(100)}\r\n`
    assert.equal(decode(`${chunk.repeat(1000)}0\r\n\r\n`).data.length, 100_000)
    const empty = `1;${'e'.repeat(90)}\r\nx\r\n`
    assert.throws(() => decode(`${empty.repeat(1000)}0\r\n\r\n`), /extension/)
  })

  it('takes its own spelling', () => {
    const text = `${chunkPrefix(255)}${'x'.repeat(255)}\r\n${lastChunk(
      HeaderBlock.from([
        ['T', 'v'],
        ['Content-Length', '3'],
      ]),
    )}`
    assert.deepEqual(decode(text), { data: 'x'.repeat(255), trailers: 'T: v\r\n', used: text.length })
  })
})
