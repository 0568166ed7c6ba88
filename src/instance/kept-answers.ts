/** The kept answers of the instance as its control plane sees them. */
import { AnswerStore, bury, type CacheMemory, figuresOf, purge, type PurgeOrder } from '../cache/index.ts'
import type { Log } from './log.ts'

export class InstanceCache {
  readonly #store: AnswerStore
  readonly #log: Log

  constructor(memory: CacheMemory, log: Log) {
    this.#store = new AnswerStore(memory, -1)
    this.#log = log
  }

  figures(): Readonly<Record<string, number>> {
    return { ...figuresOf(this.#store) }
  }

  purge(order: PurgeOrder): number {
    return purge(this.#store, order)
  }

  /** A data-plane thread is gone. */
  bury(thread: number): void {
    if (!bury(this.#store, thread))
      this.#log(
        'error',
        'a thread died while it wrote to the response cache: it keeps nothing until the next start',
      )
  }
}
