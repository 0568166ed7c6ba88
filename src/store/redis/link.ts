/**
 * A connection that heals: when it breaks or is dropped, another is made, with growing pauses.
 *
 * Guarantees: whoever asks for it while it is down waits a second at most since it went down; nothing is repeated;
 * `onUp` is called after each time it was made anew, not after the first. Never throws outside of its promises.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnavailable } from '../contract.ts'
import { isFinal, unavailable } from './failure.ts'

/** What a link asks of a connection. */
export interface Linkable {
  connect(): Promise<void>
  disconnect(): void
  on(event: 'error', listener: (error: unknown) => void): unknown
  once(event: 'end', listener: () => void): unknown
}

export interface LinkOptions<C extends Linkable> {
  /** For messages. */
  readonly place: string
  /** Milliseconds for connecting and preparing. */
  readonly timeout: number
  /** A connection that is not connected yet; `round` counts attempts. */
  readonly open: (round: number) => C
  /** What must have happened before anybody uses it; rejecting makes another attempt. */
  readonly prepare: (client: C) => Promise<void>
  readonly onUp: () => void
}

/** Milliseconds since the connection broke that somebody waits for a new one. */
const patience = 1000
const longestPause = 1000

export class Link<C extends Linkable> {
  readonly #options: LinkOptions<C>
  readonly #closing = new AbortController()
  #client: C | null = null
  #drop: () => void = () => {}
  #wasUp = false
  #downSince = 0
  #reason: unknown = new Error('not connected')
  #waiting: (() => void)[] = []
  #running: Promise<void> = Promise.resolve()

  constructor(options: LinkOptions<C>) {
    this.#options = options
  }

  /** Resolves with the first connection; rejects with `StoreUnavailable` after `timeout`, or when trying is in vain. */
  async start(): Promise<void> {
    this.#downSince = Date.now()
    this.#running = this.#run()
    const until = this.#downSince + this.#options.timeout
    while (this.#client === null) {
      await this.#change(until - Date.now())
      if (this.#client !== null) return
      if (isFinal(this.#reason) || Date.now() >= until) {
        const error = this.#unavailable()
        await this.close()
        throw error
      }
    }
  }

  /** The connection. Rejects with `StoreUnavailable`. */
  async client(): Promise<C> {
    while (this.#client === null) {
      const left = this.#downSince + patience - Date.now()
      if (left <= 0 || this.#closing.signal.aborted) throw this.#unavailable()
      await this.#change(left)
    }
    return this.#client
  }

  /** Gives up a connection that does not answer as it should. */
  drop(client: C, reason: unknown): void {
    if (this.#client !== client) return
    this.#reason = reason
    this.#drop()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#drop()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    let failures = 0
    for (let round = 0; !signal.aborted; round++) {
      const worked = await this.#live(round)
      failures = worked ? 0 : failures + 1
      if (signal.aborted) return
      const pause = Math.min(25 * 2 ** failures, longestPause) * (0.75 + Math.random() / 2)
      await sleep(pause, undefined, { signal }).catch(() => {})
    }
  }

  /** One connection from its beginning to its end. False: it never was of use. */
  async #live(round: number): Promise<boolean> {
    const client = this.#options.open(round)
    let said: unknown
    client.on('error', error => {
      said = error
    })
    const ended = new Promise<void>(resolve => {
      client.once('end', resolve)
      this.#drop = resolve
    })
    let worked = false
    try {
      await within(this.#options.timeout, this.#make(client), ended)
      worked = true
      this.#client = client
      if (this.#wasUp) this.#options.onUp()
      this.#wasUp = true
      this.#tell()
      await ended
      if (said !== undefined) this.#reason = said
    } catch (error) {
      this.#reason = said ?? error
    }
    this.#client = null
    if (worked) this.#downSince = Date.now()
    client.disconnect()
    this.#tell()
    return worked
  }

  async #make(client: C): Promise<void> {
    await client.connect()
    await this.#options.prepare(client)
  }

  /** Resolves when the connection came, went or failed to come, or after some milliseconds. */
  #change(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, Math.max(milliseconds, 0))
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #unavailable(): StoreUnavailable {
    if (this.#closing.signal.aborted) return new StoreUnavailable('the store is closed')
    return unavailable(this.#options.place, this.#reason)
  }
}

async function within(milliseconds: number, work: Promise<void>, ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds)
  })
  const broken = ended.then(() => {
    throw new Error('the connection was closed')
  })
  try {
    await Promise.race([work, late, broken])
  } finally {
    clearTimeout(timer)
    // The others may reject later; nobody listens any more.
    work.catch(() => {})
    broken.catch(() => {})
  }
}
