/**
 * Answers that keep unwanted clients busy, at a cost that is bounded on this side.
 *
 * Guarantees: no more than a number of them at a time, each with a rate and an end; one piece of memory serves all.
 */
import { setTimeout as pause } from 'node:timers/promises'

export interface TrapLimits {
  /** Clients at a time, per thread. */
  readonly clients: number
  /** Bytes per second and client. */
  readonly rate: number
  /** Longest answer, milliseconds. */
  readonly duration: number
}

export class TrappedClients {
  readonly #limits: TrapLimits
  #now = 0

  constructor(limits: TrapLimits) {
    this.#limits = limits
  }

  /** Clients held now. */
  get count(): number {
    return this.#now
  }

  /** Pieces for one more client; null when there are enough. */
  hold(pieces: Iterable<Uint8Array>): AsyncIterable<Uint8Array> | null {
    if (this.#now >= this.#limits.clients) return null
    return { [Symbol.asyncIterator]: () => this.#begin(pieces) }
  }

  /** Counts from here on: an answer to HEAD is never asked for a piece, nor told that it is over. */
  #begin(pieces: Iterable<Uint8Array>): AsyncIterator<Uint8Array> {
    this.#now++
    let over = false
    const leave = (): void => {
      if (!over) this.#now--
      over = true
    }
    const flow = this.#flow(pieces, leave)
    return {
      next: () => flow.next(),
      // Called when the client leaves, also before the first piece.
      return: async () => {
        leave()
        await flow.return(undefined)
        return { done: true, value: undefined }
      },
    }
  }

  async *#flow(pieces: Iterable<Uint8Array>, leave: () => void): AsyncGenerator<Uint8Array, void> {
    const { rate, duration } = this.#limits
    const start = performance.now()
    let sent = 0
    try {
      for (const piece of pieces) {
        const elapsed = performance.now() - start
        if (elapsed >= duration) return
        yield piece
        sent += piece.length
        const ahead = (sent / rate) * 1000 - (performance.now() - start)
        if (ahead > 1) await pause(Math.min(ahead, duration - elapsed), undefined, { ref: false })
      }
    } finally {
      leave()
    }
  }
}
