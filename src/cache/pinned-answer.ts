/** A kept answer that somebody reads: its body stays until `release`, whatever happens to it meanwhile. */
import { BLOCK, Slot } from './layout.ts'
import type { Lock } from './lock.ts'
import type { Slots } from './slots.ts'
import type { StoredHead } from './stored-head.ts'

/** Bytes that are copied at once. */
const PIECE = 64 * 1024

export class PinnedAnswer {
  readonly head: StoredHead
  readonly slot: number
  readonly bodyLength: number
  /** Of the slot, when it was found or confirmed last. */
  version: number
  readonly #slots: Slots
  readonly #lock: Lock
  readonly #thread: number
  readonly #first: number
  #released = false

  constructor(slots: Slots, lock: Lock, thread: number, slot: number, head: StoredHead) {
    this.#slots = slots
    this.#lock = lock
    this.#thread = thread
    this.slot = slot
    this.head = head
    this.version = slots.version(slot)
    this.bodyLength = slots.get(slot, Slot.bodyLength)
    this.#first = slots.get(slot, Slot.body)
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    this.#lock.run(() => this.#slots.pin(this.slot, this.#thread, -1))
  }

  /** Bytes `first` to `last` of the body, both included, in pieces. Throws when the answer is released meanwhile. */
  *pieces(first: number, last: number): Generator<Buffer> {
    let block = this.#first
    for (let skipped = BLOCK; skipped <= first; skipped += BLOCK) block = this.#slots.blocks.next(block)
    for (let at = first; at <= last; ) {
      if (this.#released) throw new Error('the kept answer was given back')
      const piece = Buffer.allocUnsafe(Math.min(PIECE, last + 1 - at))
      for (let filled = 0; filled < piece.length; ) {
        const from = at % BLOCK
        const length = Math.min(BLOCK - from, piece.length - filled)
        this.#slots.blocks.copy(block, from, length, piece, filled)
        filled += length
        at += length
        if (at % BLOCK === 0) block = this.#slots.blocks.next(block)
      }
      yield piece
    }
  }
}
