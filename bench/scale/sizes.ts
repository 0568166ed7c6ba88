/** Sizes of a run, from the environment (`SCALE_<NAME>`). */
import { log } from 'node:console'

export interface Sizes {
  readonly keys: number
  readonly routes: number
  /** Calls of each kind to the admin API. */
  readonly calls: number
  /** Seconds of sustained writes. */
  readonly seconds: number
  readonly threads: number
  /** Routes of the bulk on an empty gateway; 0 leaves it out. */
  readonly bulk: number
}

/** Ends the process when a size is no whole number. */
export function sizesOf(env: NodeJS.ProcessEnv): Sizes {
  const size = (name: string, otherwise: number): number => {
    const value = Number(env[`SCALE_${name}`] ?? otherwise)
    if (Number.isSafeInteger(value) && value >= 0) return value
    log(`SCALE_${name} must be a whole number`)
    process.exit(2)
  }
  return {
    keys: size('KEYS', 1_000_000),
    routes: size('ROUTES', 100_000),
    calls: size('CALLS', 200),
    seconds: size('SECONDS', 10),
    threads: size('THREADS', 2),
    bulk: size('BULK', 100_000),
  }
}
