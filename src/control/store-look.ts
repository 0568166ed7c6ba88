/**
 * A look at the whole store for what differs from the index: the net under the change feed, for writers that tell nobody
 * and for what was told while nobody could hear. It only names keys; they are read again where changes are taken.
 *
 * Guarantees: one look at a time; asked for during a look, another follows; a look that fails is made again after a pause.
 * Holds no copy of the store.
 */
import type { EntityDefinition } from '../model/entity.ts'
import { storedDefinitions } from '../model/registry.ts'
import type { EntityStore } from '../store/entities.ts'
import { canonical, type EntityIndex } from './entity-index.ts'

/** Milliseconds before a look that failed is made again. */
const pause = 1000

export class StoreLook {
  readonly #entities: EntityStore
  readonly #index: EntityIndex
  readonly #found: (keys: readonly string[]) => void
  #state: 'waiting' | 'idle' | 'looking' | 'closed' = 'waiting'
  #wanted = false
  #retry: NodeJS.Timeout | null = null

  /** `found` is called with keys whose entities differ, or differed a moment ago. */
  constructor(entities: EntityStore, index: EntityIndex, found: (keys: readonly string[]) => void) {
    this.#entities = entities
    this.#index = index
    this.#found = found
  }

  /** What was asked for until now begins now. */
  start(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'idle'
    if (this.#wanted) this.again()
  }

  again(): void {
    this.#wanted = true
    if (this.#state !== 'idle') return
    this.#state = 'looking'
    this.#wanted = false
    this.#look()
      .catch(() => this.#later())
      .finally(() => {
        if (this.#closed) return
        this.#state = 'idle'
        if (this.#wanted) this.again()
      })
  }

  close(): void {
    this.#state = 'closed'
    if (this.#retry !== null) clearTimeout(this.#retry)
  }

  get #closed(): boolean {
    return this.#state === 'closed'
  }

  async #look(): Promise<void> {
    const met = new Map<EntityDefinition, number>()
    for await (const batch of this.#entities.all()) {
      if (this.#closed) return
      const different: string[] = []
      for (const { definition, key, json } of batch) {
        const known = this.#index.byKey(definition, key)
        if (known?.json !== json) different.push(key)
        if (known === null) continue
        const kind = canonical(definition)
        met.set(kind, (met.get(kind) ?? 0) + 1)
      }
      if (different.length > 0) this.#found(different)
    }
    for (const definition of storedDefinitions)
      if ((met.get(canonical(definition)) ?? 0) < this.#index.count(definition))
        await this.#lookForGone(definition)
  }

  /** Rare, so that the names of all keys are in memory only then. */
  async #lookForGone(definition: EntityDefinition): Promise<void> {
    const there = new Set<string>()
    for await (const batch of this.#entities.stream(definition)) for (const { key } of batch) there.add(key)
    if (this.#closed) return
    const gone = this.#index.list(definition).filter(({ key }) => !there.has(key))
    if (gone.length > 0) this.#found(gone.map(({ key }) => key))
  }

  // The store is away: that is told by whoever watches it.
  #later(): void {
    if (this.#closed) return
    this.#retry = setTimeout(() => {
      this.#retry = null
      this.again()
    }, pause).unref()
  }
}
