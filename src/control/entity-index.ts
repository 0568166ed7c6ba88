/**
 * Every entity of the store in memory, as text under its store key: what reads are answered from and full deltas are
 * made of. Guarantees: `list` is in key order; aliases show the entities of the kind they stand for.
 */
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf, storedDefinitions } from '../model/registry.ts'
import { storageKeyOf, storagePrefix } from '../model/storage-key.ts'
import type { EntityWrite } from '../revision/delta.ts'
import type { SharedTextsMemory } from '../revision/shared-memory.ts'
import type { EntityList } from './entity-list.ts'
import { IndexedEntity } from './indexed-entity.ts'
import { type KindTable, ObjectTable } from './kind-table.ts'
import { SharedTable } from './shared-table.ts'

/** The kind that owns the storage of a kind: itself unless it is an alias. */
export function canonical(definition: EntityDefinition): EntityDefinition {
  if (definition.aliasOf === undefined) return definition
  return definitionOf(definition.aliasOf) ?? definition
}

export class EntityIndex {
  readonly #root: string
  readonly #tables = new Map<string, KindTable>()

  constructor(root: string) {
    this.#root = root
    for (const definition of storedDefinitions)
      if (definition.numerous !== undefined)
        this.#tables.set(definition.kind, new SharedTable(definition, storagePrefix(root, definition)))
  }

  /**
   * One entity, or null. For kinds with a scope the id may be `<scope>:<id>`; else the given scope is looked at first and
   * then any other.
   */
  get(definition: EntityDefinition, id: string, scope?: string): IndexedEntity | null {
    const kind = canonical(definition)
    const table = this.#tables.get(kind.kind)
    if (table === undefined) return null
    if (kind.singleton !== undefined && id !== kind.singleton) return null
    const direct = table.get(storageKeyOf(this.#root, kind, id, scope))
    if (direct !== null || kind.scopeField === undefined) return direct
    const full = table.get(storagePrefix(this.#root, kind) + id)
    if (full !== null) return full
    if (scope !== undefined) return null
    for (const entity of table.list()) if (entity.id === id) return entity
    return null
  }

  byKey(definition: EntityDefinition, key: string): IndexedEntity | null {
    return this.#tables.get(canonical(definition).kind)?.get(key) ?? null
  }

  count(definition: EntityDefinition): number {
    return this.#tables.get(canonical(definition).kind)?.size ?? 0
  }

  /** Entities of a kind in key order, as of now. */
  list(definition: EntityDefinition): EntityList {
    return this.#tables.get(canonical(definition).kind)?.list() ?? []
  }

  /** Some of them: `from` inclusive, `to` exclusive. */
  page(definition: EntityDefinition, from: number, to: number): readonly IndexedEntity[] {
    return this.#tables.get(canonical(definition).kind)?.page(from, to) ?? []
  }

  /** All entities of a kind that may have a text in a field, or null when that is not known. */
  async having(definition: EntityDefinition, field: string, text: string): Promise<EntityList | null> {
    return (await this.#tables.get(canonical(definition).kind)?.having(field, text)) ?? null
  }

  /** See `KindTable.holding`. */
  async holding(
    definition: EntityDefinition,
    field: string,
    texts: readonly string[],
  ): Promise<EntityList | null> {
    return (await this.#tables.get(canonical(definition).kind)?.holding(field, texts)) ?? null
  }

  /** What a data plane that joins is told: texts, or the ids of those it reads from shared memory. */
  *served(): Generator<EntityWrite> {
    for (const { kind, served, numerous } of storedDefinitions) {
      const table = this.#tables.get(kind)
      if (!served || numerous === 'looked-up' || table === undefined) continue
      if (table instanceof SharedTable) for (const id of table.ids()) yield { kind, id, json: null }
      else for (const { id, json } of table.list()) yield { kind, id, json }
    }
  }

  /** Memory of the kinds the data plane reads for itself, by kind. */
  get shared(): Readonly<Record<string, SharedTextsMemory>> {
    const shared: Record<string, SharedTextsMemory> = {}
    for (const [kind, table] of this.#tables)
      if (table instanceof SharedTable) shared[kind] = table.texts.memory
    return shared
  }

  /** The store is being read, or all of it is there: the data plane asks meanwhile for what it looks up and does not find. */
  set reading(more: boolean) {
    for (const [kind, table] of this.#tables)
      if (table instanceof SharedTable && definitionOf(kind)?.numerous === 'looked-up')
        table.texts.reading = more
  }

  /** An entity as the store has it. */
  load(definition: EntityDefinition, id: string, key: string, json: string, revision: number): void {
    const table = this.#tableOf(definition)
    if (table instanceof SharedTable) table.load(id, json, revision)
    else table.set(new IndexedEntity(definition, id, key, json, revision))
  }

  /** Makes lists of the kinds with many entities ready, in the background. */
  async prepareLists(): Promise<void> {
    for (const table of this.#tables.values()) if (table instanceof SharedTable) await table.prepare()
  }

  set(entity: IndexedEntity): void {
    this.#tableOf(entity.definition).set(entity)
  }

  delete(entity: IndexedEntity): void {
    this.#tables.get(entity.definition.kind)?.delete(entity)
  }

  #tableOf({ kind }: EntityDefinition): KindTable {
    let table = this.#tables.get(kind)
    if (table === undefined) {
      table = new ObjectTable()
      this.#tables.set(kind, table)
    }
    return table
  }
}
