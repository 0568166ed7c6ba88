/**
 * Bytes of a connection that were read and cannot be used yet: an unfinished head, or what a client sent ahead. Grows by
 * doubling, and tells when another look is worthwhile, so that a peer that drips single bytes costs no quadratic work.
 */
import { LF } from './chars.ts'

/** Up to this many bytes every read is looked at; beyond, only line ends and whole steps of this size. */
const STEP = 1024

export class Inbox {
  buf: Buffer
  start = 0
  end: number
  #lookAt = 0

  /** A copy of the bytes from `from` to `to`. */
  constructor(bytes: Buffer, from: number, to: number) {
    this.end = to - from
    this.buf = Buffer.allocUnsafe(Math.max(256, this.end))
    bytes.copy(this.buf, 0, from, to)
    this.#lookAt = this.end + STEP
  }

  get length(): number {
    return this.end - this.start
  }

  /** Adds bytes; true when the unfinished head inside may be finished (or too long) now. */
  append(bytes: Buffer, from: number, to: number): boolean {
    const more = to - from
    if (this.end + more > this.buf.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.length + more, this.length * 2))
      this.buf.copy(grown, 0, this.start, this.end)
      this.#lookAt -= this.start
      this.end -= this.start
      this.start = 0
      this.buf = grown
    }
    const at = this.end
    bytes.copy(this.buf, at, from, to)
    this.end += more
    if (this.length > STEP && this.end < this.#lookAt && !hasLineEnd(this.buf, at, this.end)) return false
    this.#lookAt = this.end + STEP
    return true
  }
}

function hasLineEnd(buf: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (buf[at] === LF) return true
  return false
}
