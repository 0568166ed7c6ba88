/** Short-lived facts that plugins tell each other over all threads and instances: who has registered where. */

export interface Board {
  /** Changes with what is there; time alone does not change it. */
  readonly version: number
  /** How many texts there are, those included whose time is over. */
  readonly size: number
  /** Texts that are there now, under keys that begin with `prefix`. */
  list(prefix: string): ReadonlyArray<readonly [key: string, value: string]>
  /** Undefined when there is none, or its time is over. */
  get(key: string): string | undefined
  /**
   * Puts a text there for `ttl` milliseconds. Resolves when it is stored and seen on this thread; other threads follow at
   * once. Rejects with a sentence when it cannot be stored or there is no room.
   */
  put(key: string, value: string, ttl: number): Promise<void>
  remove(key: string): Promise<void>
}

/** What keys begin with, behind the root of the store: nothing else is read or written. */
export const BOARD_PREFIXES = [
  'service-discovery:registrations:',
  'plugins:eureka-server-',
  // Limits of single addresses, which are written by hand.
  'throttling:peripquota:',
] as const
