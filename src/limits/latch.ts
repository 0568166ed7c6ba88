/**
 * A latch: a word in shared memory that one thread at a time holds for a few dozen nanoseconds.
 *
 * Guarantees: what is written under it is seen by whoever takes it next; nobody waits for ever for a thread that died
 * holding it. The word is even while it is free and odd while it is held; each change makes it greater, so that a hold
 * that was taken away cannot be given back by mistake.
 */

/** Tries before the thread lets others run. */
const SPINS = 200
/** Milliseconds of one pause. */
const PAUSE = 0.05
/** Milliseconds without any change after which the holder is taken for dead. A hold lasts nanoseconds. */
const PATIENCE = 2_000

/** Takes the latch at `words[at]`; answers the ticket that gives it back. */
export function hold(words: Int32Array, at: number): number {
  const free = Atomics.load(words, at)
  const ticket = (free + 1) | 0
  if ((free & 1) === 0 && Atomics.compareExchange(words, at, free, ticket) === free) return ticket
  return contend(words, at)
}

/** Gives the latch back, unless it was taken away. */
export function release(words: Int32Array, at: number, ticket: number): void {
  Atomics.compareExchange(words, at, ticket, (ticket + 1) | 0)
}

function contend(words: Int32Array, at: number): number {
  for (let spin = 0; spin < SPINS; spin++) {
    const ticket = attempt(words, at, Atomics.load(words, at))
    if (ticket !== null) return ticket
  }
  let seen = Atomics.load(words, at)
  let since = performance.now()
  for (;;) {
    const now = Atomics.load(words, at)
    const ticket = attempt(words, at, now)
    if (ticket !== null) return ticket
    if (now !== seen) {
      seen = now
      since = performance.now()
    } else if (performance.now() - since > PATIENCE) {
      const taken = (now + 2) | 0
      if (Atomics.compareExchange(words, at, now, taken) === now) return taken
    }
    // The holder may wait for this very core.
    Atomics.wait(words, at, now, PAUSE)
  }
}

function attempt(words: Int32Array, at: number, free: number): number | null {
  if ((free & 1) !== 0) return null
  const ticket = (free + 1) | 0
  return Atomics.compareExchange(words, at, free, ticket) === free ? ticket : null
}
