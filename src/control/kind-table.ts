/** The entities of one kind in memory. */
import type { EntityList } from './entity-list.ts'
import type { IndexedEntity } from './indexed-entity.ts'

export interface KindTable {
  readonly size: number
  /** The entity under a store key, or null. */
  get(key: string): IndexedEntity | null
  set(entity: IndexedEntity): void
  delete(entity: IndexedEntity): void
  /** All of them in key order, as of now. */
  list(): EntityList
  /** Some of them in key order: `from` inclusive, `to` exclusive. */
  page(from: number, to: number): IndexedEntity[]
  /**
   * Entities that may have this text in a field of theirs, in key order, and no other entity that has; null when every
   * entity must be looked at.
   */
  having(field: string, text: string): Promise<EntityList | null>
  /** As `having`, for entities whose field may hold one of these texts, which are in lower case, whatever its own case. */
  holding(field: string, texts: readonly string[]): Promise<EntityList | null>
}

/** Entities as objects: for kinds of which there are some. */
export class ObjectTable implements KindTable {
  readonly #entities = new Map<string, IndexedEntity>()
  /** In key order; forgotten when one comes or goes. */
  #order: readonly IndexedEntity[] | null = null

  get size(): number {
    return this.#entities.size
  }

  get(key: string): IndexedEntity | null {
    return this.#entities.get(key) ?? null
  }

  set(entity: IndexedEntity): void {
    this.#order = null
    this.#entities.set(entity.key, entity)
  }

  delete({ key }: IndexedEntity): void {
    if (this.#entities.delete(key)) this.#order = null
  }

  list(): readonly IndexedEntity[] {
    this.#order ??= [...this.#entities.keys()].sort().map(key => this.#entities.get(key)!)
    return this.#order
  }

  page(from: number, to: number): IndexedEntity[] {
    return this.list().slice(from, to)
  }

  async having(): Promise<null> {
    return null
  }

  async holding(): Promise<null> {
    return null
  }
}
