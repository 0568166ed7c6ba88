/**
 * Decoder of the chunked coding (RFC 9112, 7.1). Strict: hexadecimal digits only, CRLF only, extensions skipped but
 * limited. `step` consumes some bytes and tells by `dataStart`/`dataEnd` which of them are body.
 */
import { BadMessage } from './bad-message.ts'
import { CR, FIELD_VALUE, HEX, LF } from './chars.ts'
import { parseTrailers } from './head-parser.ts'
import type { HeaderBlock } from './headers.ts'
import { Inbox } from './inbox.ts'
import type { HttpLimits } from './limits.ts'

const SIZE = 0
const EXTENSION = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILERS = 6
const DONE = 7

/** Extensions carry nothing, so they only cost: all together may be this long, plus as long as the data itself. */
const FREE_EXTENSIONS = 16_384

export class ChunkDecoder {
  dataStart = 0
  dataEnd = 0
  trailers: HeaderBlock | null = null
  readonly #limits: HttpLimits
  #state = SIZE
  #size = 0
  #digits = 0
  #extensions = 0
  #total = 0
  /** Trailer bytes of earlier reads. */
  #held: Inbox | null = null

  constructor(limits: HttpLimits) {
    this.#limits = limits
  }

  get done(): boolean {
    return this.#state === DONE
  }

  /** Consumes bytes from `at`; answers the next position. At most one run of data is reported per step. */
  step(buf: Buffer, at: number, end: number): number {
    this.dataStart = this.dataEnd = 0
    while (at < end) {
      switch (this.#state) {
        case SIZE:
        case EXTENSION:
        case SIZE_LF:
          at = this.#sizeLine(buf, at, end)
          break
        case DATA: {
          const take = Math.min(this.#size, end - at)
          this.#size -= take
          this.dataStart = at
          this.dataEnd = at + take
          if (this.#size === 0) this.#state = DATA_CR
          return at + take
        }
        case DATA_CR:
          if (buf[at++] !== CR) throw new BadMessage(400, 'a chunk that does not end with CRLF')
          this.#state = DATA_LF
          break
        case DATA_LF:
          if (buf[at++] !== LF) throw new BadMessage(400, 'a chunk that does not end with CRLF')
          this.#state = SIZE
          break
        case TRAILERS:
          return this.#trailerBytes(buf, at, end)
        default:
          return at
      }
    }
    return at
  }

  #sizeLine(buf: Buffer, at: number, end: number): number {
    for (; at < end; at++) {
      const byte = buf[at]!
      if (this.#state === SIZE) {
        const digit = HEX[byte]!
        if (digit !== 255) {
          if (++this.#digits > 8) throw new BadMessage(400, 'a chunk size that is too long')
          this.#size = this.#size * 16 + digit
          continue
        }
        if (this.#digits === 0) throw new BadMessage(400, 'an invalid chunk size')
        if (byte === CR) this.#state = SIZE_LF
        else if (byte === 59) this.#state = EXTENSION
        else throw new BadMessage(400, 'an invalid chunk size')
      } else if (this.#state === EXTENSION) {
        if (byte === CR) this.#state = SIZE_LF
        else if (FIELD_VALUE[byte] === 0 || ++this.#extensions > FREE_EXTENSIONS + this.#total)
          throw new BadMessage(400, 'an invalid chunk extension')
      } else {
        if (byte !== LF) throw new BadMessage(400, 'a chunk size line that does not end with CRLF')
        this.#beginChunk()
        return at + 1
      }
    }
    return at
  }

  #beginChunk(): void {
    if (this.#size > this.#limits.maxChunk) throw new BadMessage(413, 'a chunk is too large')
    this.#total += this.#size
    if (this.#total > this.#limits.maxBody) throw new BadMessage(413, 'the body is too large')
    this.#state = this.#size === 0 ? TRAILERS : DATA
    this.#digits = 0
    if (this.#state === TRAILERS) this.#size = 0
  }

  #trailerBytes(buf: Buffer, at: number, end: number): number {
    if (this.#held === null) {
      // Nearly always there are none.
      if (end - at >= 2 && buf[at] === CR && buf[at + 1] === LF) {
        this.#state = DONE
        return at + 2
      }
    }
    let from = at
    let all = buf
    let to = end
    if (this.#held !== null) {
      const look = this.#held.append(buf, at, end)
      if (!look) return end
      from = 0
      all = this.#held.buf
      to = this.#held.end
    }
    const parsed = parseTrailers(all, from, to, this.#limits)
    if (parsed === null) {
      this.#held ??= new Inbox(buf, at, end)
      return end
    }
    this.trailers = parsed.headers
    this.#held = null
    this.#state = DONE
    return end - (to - parsed.end)
  }
}

/** The size line and data of one chunk are written around the chunk: `<hex>CRLF data CRLF`. */
export function chunkPrefix(length: number): string {
  return `${length.toString(16)}\r\n`
}

/** End of a chunked body. */
export function lastChunk(trailers: HeaderBlock | null): string {
  return trailers === null ? '0\r\n\r\n' : `0\r\n${trailers.wire()}\r\n`
}
