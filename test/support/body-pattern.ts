/** Bodies of any size that cost no memory: one block over and over, so that every byte can be checked where it arrives. */
import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'

const SIZE = 65_536
const block = randomBytes(SIZE)
const twice = Buffer.concat([block, block])

/** Checks bytes as they come. */
export class PatternCheck {
  /** Bytes seen. */
  length = 0
  /** Where the first piece with a wrong byte began, or -1. */
  wrongAt = -1

  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const from = this.length % SIZE
      const step = Math.min(SIZE, bytes.length - at)
      const equal = twice.compare(bytes, at, at + step, from, from + step) === 0
      if (!equal && this.wrongAt < 0) this.wrongAt = this.length
      at += step
      this.length += step
    }
  }
}

/** Writes a body at the pace the other side takes it, then ends the stream. */
export class PatternSource {
  /** Bytes handed to the stream. */
  written = 0
  readonly #stream: Writable
  readonly #length: number

  constructor(stream: Writable, length: number) {
    this.#stream = stream
    this.#length = length
    stream.on('drain', () => this.#pour())
    this.#pour()
  }

  #pour(): void {
    while (this.written < this.#length) {
      const piece = Math.min(SIZE, this.#length - this.written)
      this.written += piece
      const more = this.#stream.write(piece === SIZE ? block : block.subarray(0, piece))
      if (this.written === this.#length) this.#stream.end()
      if (!more) return
    }
  }
}
