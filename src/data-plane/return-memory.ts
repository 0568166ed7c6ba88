/**
 * Gives back what starting needed. Reading modules and settings leaves each thread's heap several megabytes larger than
 * serving needs, and the collector does not look again while nothing is allocated.
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

/** `gc` is a function of contexts made while the flag is on; code compiled later must see the flags it was cached with. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('globalThis.gc') as undefined | ((options: object) => void)
  setFlagsFromString('--no-expose-gc')
  gc?.({ type: 'major', flavor: 'last-resort' })
}
