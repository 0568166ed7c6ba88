/** The board as one thread sees it: a copy to read, and the way to the main thread to write. */
import type { Board } from '../plugin/board.ts'
import type { BoardEntry } from './messages.ts'

/** Writes of one thread that may wait for an answer. */
const MOST_OPEN = 500
/** Milliseconds until a write is given up. */
const PATIENCE = 10_000

export class BoardCopy implements Board {
  readonly #entries = new Map<string, { readonly value: string; readonly until: number }>()
  readonly #open = new Map<number, (fault: string | null) => void>()
  readonly #send: (id: number, key: string, value: string | null, ttl: number) => void
  #last = 0
  version = 0

  constructor(send: (id: number, key: string, value: string | null, ttl: number) => void) {
    this.#send = send
  }

  get size(): number {
    return this.#entries.size
  }

  list(prefix: string): [string, string][] {
    const now = Date.now()
    const found: [string, string][] = []
    for (const [key, { value, until }] of this.#entries)
      if (key.startsWith(prefix) && until > now) found.push([key, value])
    return found
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.until > Date.now() ? entry.value : undefined
  }

  put(key: string, value: string, ttl: number): Promise<void> {
    return this.#write(key, value, ttl)
  }

  remove(key: string): Promise<void> {
    return this.#write(key, null, 0)
  }

  /** The main thread tells what changed; a null value is gone. */
  take(entries: readonly BoardEntry[]): void {
    this.version++
    for (const { key, value, until } of entries)
      if (value === null) this.#entries.delete(key)
      else this.#entries.set(key, { value, until })
  }

  /** A write is stored, or `fault` says why not. */
  answered(id: number, fault: string | null): void {
    this.#open.get(id)?.(fault)
  }

  #write(key: string, value: string | null, ttl: number): Promise<void> {
    if (this.#open.size >= MOST_OPEN) return Promise.reject(new Error('too many writes wait'))
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const done = (fault: string | null): void => {
        clearTimeout(timer)
        this.#open.delete(id)
        if (fault === null) resolve()
        else reject(new Error(fault))
      }
      const timer = setTimeout(() => done('no answer within 10 seconds'), PATIENCE)
      this.#open.set(id, done)
      this.#send(id, key, value, ttl)
    })
  }
}
