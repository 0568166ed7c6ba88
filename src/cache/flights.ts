/**
 * Waiting for an answer that somebody else asks for, on this thread or another.
 *
 * What this thread does is noticed at once; what another does within some milliseconds, by looking: a thread that dies
 * can tell nobody.
 */
import type { Slots } from './slots.ts'

/** Milliseconds between looks, while somebody waits. */
const PERIOD = 4

interface Waiter {
  readonly slot: number
  readonly version: number
  readonly until: number
  readonly done: (ended: boolean) => void
}

export class Flights {
  readonly #slots: Slots
  #waiting: Waiter[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** Resolves when the slot is no longer what it was: true, or false after `patience` milliseconds. */
  wait(slot: number, version: number, patience: number): Promise<boolean> {
    if (this.#slots.version(slot) !== version) return Promise.resolve(true)
    return new Promise(done => {
      this.#waiting.push({ slot, version, until: performance.now() + patience, done })
      this.#timer ??= setInterval(() => this.look(), PERIOD)
    })
  }

  /** Wakes those whose wait is over. */
  look(): void {
    if (this.#waiting.length === 0) return
    const now = performance.now()
    const over = this.#waiting.filter(waiter => this.#isOver(waiter, now))
    if (over.length === 0) return
    this.#waiting = this.#waiting.filter(waiter => !over.includes(waiter))
    if (this.#waiting.length === 0 && this.#timer !== null) {
      clearInterval(this.#timer)
      this.#timer = null
    }
    for (const { slot, version, done } of over) done(this.#slots.version(slot) !== version)
  }

  #isOver({ slot, version, until }: Waiter, now: number): boolean {
    return this.#slots.version(slot) !== version || now >= until
  }
}
