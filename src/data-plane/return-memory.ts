/**
 * Gives back what was needed for a while. Reading modules and settings at the start, and many writes later, leave each
 * thread's heap many megabytes larger than serving needs, and the collector does not look again while nothing is allocated.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Milliseconds after the start: nobody shall wait for the collection. */
const LATER = 1000

/** Milliseconds between threads: the flag below is one for the whole process. */
const APART = 100

/** Collects once, a while from now, unless `busy` says that requests are served then. `turn`: one per thread, from 0. */
export function returnMemorySoon(turn: number, busy: () => boolean = () => false): void {
  setTimeout(
    () => {
      if (!busy()) collect()
    },
    LATER + turn * APART,
  ).unref()
}

/** Entities written that leave enough to be looked for. */
const MANY = 10_000
/** Milliseconds without another write after which it is quiet. */
const QUIET = 1000

/** Collects what many writes left, once it is quiet. */
export class Leftovers {
  readonly #delay: number
  readonly #busy: () => boolean
  #written = 0
  #timer: NodeJS.Timeout | null = null

  /** `turn` and `busy` as above. */
  constructor(turn: number, busy: () => boolean = () => false) {
    this.#delay = QUIET + turn * APART
    this.#busy = busy
  }

  /** So many entities were written or removed. */
  written(count: number): void {
    this.#written += count
    if (this.#timer !== null) this.#timer.refresh()
    else if (this.#written >= MANY) this.#timer = setTimeout(() => this.#quiet(), this.#delay).unref()
  }

  #quiet(): void {
    if (this.#busy()) {
      this.#timer?.refresh()
      return
    }
    this.#timer = null
    this.#written = 0
    collect()
  }
}

/** `gc` is a function of contexts made while the flag is on; code compiled later must see the flags it was cached with. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('globalThis.gc') as undefined | ((options: object) => void)
  setFlagsFromString('--no-expose-gc')
  gc?.({ type: 'major', flavor: 'last-resort' })
}
