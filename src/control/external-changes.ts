/**
 * Changes of the store made by others (another process, a restored backup): their keys are noted and read again. Our own
 * writes are told too and read as what the index already holds.
 *
 * Guarantees: a key that could not be read is tried again, with a pause. A state that lasted shorter than it took to read
 * it may be skipped; the last state is never.
 */
import type { EntityStore } from '../store/entities.ts'
import type { EntityIndex } from './entity-index.ts'
import { IndexedEntity } from './indexed-entity.ts'
import { StoreLook } from './store-look.ts'

/** Keys read at once. */
const readSize = 500
/** Milliseconds before keys that could not be read are tried again. */
const pause = 1000

export class ExternalChanges {
  readonly #entities: EntityStore
  readonly #index: EntityIndex
  readonly #wake: () => void
  readonly #keys = new Set<string>()
  readonly #look: StoreLook
  #stop: (() => void) | null = null
  #retry: NodeJS.Timeout | null = null

  /** `wake` is called when there is something to take. */
  constructor(entities: EntityStore, index: EntityIndex, wake: () => void) {
    this.#entities = entities
    this.#index = index
    this.#wake = wake
    this.#look = new StoreLook(entities, index, keys => this.#note(keys))
  }

  watch(): void {
    const lookAgain = () => this.#look.again()
    this.#stop = this.#entities.store.watch(keys => {
      this.#note(keys.filter(key => this.#entities.identify(key) !== null))
    }, lookAgain)
  }

  /** The index holds the store: from now on looking for differences makes sense. */
  loaded(): void {
    this.#look.start()
  }

  /** Keys to read again. */
  add(keys: readonly string[]): void {
    for (const key of keys) this.#keys.add(key)
  }

  #note(keys: readonly string[]): void {
    this.add(keys)
    if (this.ready) this.#wake()
  }

  get ready(): boolean {
    return this.#keys.size > 0 && this.#retry === null
  }

  /** Reads some of the noted keys; answers what differs from the index. Rejects when the store cannot be read. */
  async take(revision: number): Promise<{ writes: IndexedEntity[]; removals: IndexedEntity[] }> {
    const keys: string[] = []
    for (const key of this.#keys) {
      keys.push(key)
      if (keys.length === readSize) break
    }
    for (const key of keys) this.#keys.delete(key)
    try {
      const values = await Promise.all(keys.map(key => this.#entities.store.get(key)))
      return this.#compare(keys, values, revision)
    } catch (error) {
      this.add(keys)
      this.#pause()
      throw error
    }
  }

  #compare(keys: readonly string[], values: readonly (string | null)[], revision: number) {
    const writes: IndexedEntity[] = []
    const removals: IndexedEntity[] = []
    for (const [i, key] of keys.entries()) {
      const place = this.#entities.identify(key)
      if (place === null) continue
      const known = this.#index.byKey(place.definition, key)
      const value = values[i]!
      if (value === (known?.json ?? null)) continue
      if (value !== null) writes.push(new IndexedEntity(place.definition, place.id, key, value, revision))
      else if (known !== null) removals.push(known)
    }
    return { writes, removals }
  }

  #pause(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = null
      if (this.ready) this.#wake()
    }, pause).unref()
  }

  close(): void {
    this.#stop?.()
    this.#look.close()
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#retry = null
    this.#keys.clear()
  }
}
