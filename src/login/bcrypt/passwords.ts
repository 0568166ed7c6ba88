/**
 * Passwords compared with bcrypt hashes on a thread of their own, which is started when it is needed and ended when it is not.
 *
 * Guarantees: the time of an answer does not tell whether there was a hash to compare with; the line of waiting questions is
 * bounded; hashes whose cost would hold up everybody match nothing.
 */
import { Worker } from 'node:worker_threads'

/** Questions that may wait; some twenty are answered a second. */
const MOST_WAITING = 100
/** Milliseconds without a question until the thread is ended. */
const IDLE = 60_000
/** Greatest cost that is computed: two to this power rounds, some seconds. What may be stored is no dearer. */
const MOST_COST = 16
/** Bytes of a password that are looked at at all; bcrypt itself ends at 72. */
const LONGEST = 1024

/** Hash of a password nobody has: what a name without a user is compared with. */
const NOBODY = '$2b$10$NDtghtO97KDkn3toDaKsQuiqo7WavqJ2AO/1xVik62uEmbpX8zYTK'

/** Too many wait already. */
export class TooManyPasswords extends Error {
  constructor() {
    super('too many passwords wait to be compared')
    this.name = 'TooManyPasswords'
  }
}

interface Waiting {
  readonly resolve: (matches: boolean) => void
  readonly reject: (error: Error) => void
}

export class Passwords {
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #idle: NodeJS.Timeout | null = null
  #last = 0

  /** `hash` null or empty: there is nobody, which takes as long and is false. Rejects with `TooManyPasswords`. */
  async matches(password: string, hash: string | null): Promise<boolean> {
    const cost = /^\$2[abxy]?\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash ?? '')?.[1]
    const known =
      cost !== undefined && Number(cost) <= MOST_COST && password !== '' && password.length <= LONGEST
    const matches = await this.#ask(known ? password : 'nobody', known ? normal(hash!) : NOBODY)
    return known && matches
  }

  close(): void {
    if (this.#idle !== null) clearTimeout(this.#idle)
    this.#end(new Error('the gateway stops'))
  }

  #ask(password: string, hash: string): Promise<boolean> {
    if (this.#waiting.size >= MOST_WAITING) return Promise.reject(new TooManyPasswords())
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#running().postMessage({ id, password, hash })
    })
  }

  #running(): Worker {
    if (this.#idle !== null) clearTimeout(this.#idle)
    this.#idle = null
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'passwords' })
    worker.unref()
    worker.on('message', ({ id, matches }: { id: number; matches: boolean }) => {
      this.#waiting.get(id)?.resolve(matches)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#idle ??= setTimeout(() => this.#end(null), IDLE).unref()
    })
    const died = (error: Error): void => {
      if (this.#worker === worker) this.#end(error)
    }
    worker.on('error', error => died(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => died(new Error('the thread of passwords ended')))
    this.#worker = worker
    return worker
  }

  #end(error: Error | null): void {
    const worker = this.#worker
    this.#worker = null
    this.#idle = null
    for (const { reject } of this.#waiting.values())
      reject(error ?? new Error('the thread of passwords ended'))
    this.#waiting.clear()
    void worker?.terminate()
  }
}

/** `$2y$` and `$2x$` of other libraries mean `$2b$` here. */
function normal(hash: string): string {
  return hash.replace(/^\$2[xy]?\$/, '$2b$')
}
