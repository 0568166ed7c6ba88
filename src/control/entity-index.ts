/**
 * Every entity of the store in memory, as text under its store key: what reads are answered from and full deltas are
 * made of. Guarantees: `list` is in key order; aliases show the entities of the kind they stand for.
 */
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf, storedDefinitions } from '../model/registry.ts'
import { storageKeyOf, storagePrefix } from '../model/storage-key.ts'
import type { IndexedEntity } from './indexed-entity.ts'

/** The kind that owns the storage of a kind: itself unless it is an alias. */
export function canonical(definition: EntityDefinition): EntityDefinition {
  if (definition.aliasOf === undefined) return definition
  return definitionOf(definition.aliasOf) ?? definition
}

export class EntityIndex {
  readonly #root: string
  readonly #kinds = new Map<string, Map<string, IndexedEntity>>()
  /** Keys of a kind in order; forgotten when one comes or goes. */
  readonly #order = new Map<string, readonly string[]>()

  constructor(root: string) {
    this.#root = root
  }

  /**
   * One entity, or null. For kinds with a scope the id may be `<scope>:<id>`; else the given scope is looked at first and
   * then any other.
   */
  get(definition: EntityDefinition, id: string, scope?: string): IndexedEntity | null {
    const kind = canonical(definition)
    const table = this.#kinds.get(kind.kind)
    if (table === undefined) return null
    if (kind.singleton !== undefined && id !== kind.singleton) return null
    const direct = table.get(storageKeyOf(this.#root, kind, id, scope))
    if (direct !== undefined || kind.scopeField === undefined) return direct ?? null
    const full = table.get(storagePrefix(this.#root, kind) + id)
    if (full !== undefined) return full
    if (scope !== undefined) return null
    for (const entity of table.values()) if (entity.id === id) return entity
    return null
  }

  byKey(definition: EntityDefinition, key: string): IndexedEntity | null {
    return this.#kinds.get(canonical(definition).kind)?.get(key) ?? null
  }

  count(definition: EntityDefinition): number {
    return this.#kinds.get(canonical(definition).kind)?.size ?? 0
  }

  /** Entities of a kind in key order. */
  list(definition: EntityDefinition): readonly IndexedEntity[] {
    const kind = canonical(definition).kind
    const table = this.#kinds.get(kind)
    if (table === undefined) return []
    let order = this.#order.get(kind)
    if (order === undefined) {
      order = [...table.keys()].sort()
      this.#order.set(kind, order)
    }
    return order.map(key => table.get(key)!)
  }

  /** Every entity of the kinds that travel to the data plane. */
  *served(): Generator<IndexedEntity> {
    for (const definition of storedDefinitions)
      if (definition.served) yield* this.#kinds.get(definition.kind)?.values() ?? []
  }

  set(entity: IndexedEntity): void {
    const kind = entity.definition.kind
    let table = this.#kinds.get(kind)
    if (table === undefined) {
      table = new Map()
      this.#kinds.set(kind, table)
    }
    if (!table.has(entity.key)) this.#order.delete(kind)
    table.set(entity.key, entity)
  }

  delete(entity: IndexedEntity): void {
    const kind = entity.definition.kind
    if (this.#kinds.get(kind)?.delete(entity.key)) this.#order.delete(kind)
  }
}
