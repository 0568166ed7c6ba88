/** Blocks of bytes, chained. Taking and giving back happens under the lock; bytes of a chain belong to whoever holds it. */
import { BLOCK, Head, type Layout } from './layout.ts'

/** End of a chain. */
export const NONE = -1

export class Blocks {
  readonly #layout: Layout

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** Blocks that can be taken now. */
  get free(): number {
    return this.#layout.blocks - this.#layout.words[Head.usedBlocks]!
  }

  /** A chain of so many blocks, which must be free; answers its first. */
  take(count: number): number {
    const { words, linksAt } = this.#layout
    let first = NONE
    for (let i = 0; i < count; i++) {
      let block = words[Head.freeBlock]! - 1
      if (block < 0) block = words[Head.blockMark]!++
      else words[Head.freeBlock] = words[linksAt + block]! + 1
      words[linksAt + block] = first
      first = block
    }
    words[Head.usedBlocks]! += count
    return first
  }

  /** Gives a chain back. */
  give(first: number): void {
    const { words, linksAt } = this.#layout
    for (let block = first; block !== NONE; ) {
      const next = words[linksAt + block]!
      words[linksAt + block] = words[Head.freeBlock]! - 1
      words[Head.freeBlock] = block + 1
      words[Head.usedBlocks]!--
      block = next
    }
  }

  next(block: number): number {
    return this.#layout.words[this.#layout.linksAt + block]!
  }

  /** Hangs a chain behind a block. */
  join(block: number, first: number): void {
    this.#layout.words[this.#layout.linksAt + block] = first
  }

  /** Writes into one block from position `at`. */
  write(block: number, at: number, bytes: Uint8Array): void {
    this.#layout.bytes.set(bytes, this.#layout.dataAt + block * BLOCK + at)
  }

  /** Writes a whole chain. */
  writeChain(first: number, bytes: Uint8Array): void {
    let block = first
    for (let at = 0; at < bytes.length; at += BLOCK) {
      this.write(block, 0, bytes.subarray(at, at + BLOCK))
      block = this.next(block)
    }
  }

  /** Copies from one block into `target` at `offset`. */
  copy(block: number, from: number, length: number, target: Uint8Array, offset: number): void {
    const start = this.#layout.dataAt + block * BLOCK + from
    target.set(this.#layout.bytes.subarray(start, start + length), offset)
  }

  /** Copies the first bytes of a chain. */
  readChain(first: number, length: number): Buffer {
    const copy = Buffer.allocUnsafe(length)
    let block = first
    for (let at = 0; at < length; at += BLOCK) {
      this.copy(block, 0, Math.min(BLOCK, length - at), copy, at)
      block = this.next(block)
    }
    return copy
  }
}

/** Blocks that hold so many bytes. */
export function blocksFor(bytes: number): number {
  return Math.ceil(bytes / BLOCK)
}
