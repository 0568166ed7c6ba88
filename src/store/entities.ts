/**
 * Entities in a store: the typed way in and out.
 *
 * Guarantees: keys are upstream's; text is parsed and validated only when asked for; a stored entity that is no longer
 * valid stays listed, with its faults and its text. Not done here: rights, revisions, events.
 */
import { definitionOf, storedDefinitions } from '../model/registry.ts'
import { idOf, type Parsed, readEntityText } from '../model/read.ts'
import { storageKeyOf, storagePrefix } from '../model/storage-key.ts'
import type { EntityDefinition } from '../model/entity.ts'
import type { Change, Precondition, Store } from './contract.ts'

/** An entity as it is stored. */
export interface StoredEntity<T = unknown> {
  readonly definition: EntityDefinition<T>
  readonly id: string
  /** Key in the store. */
  readonly key: string
  /** Text in the store. */
  readonly json: string
  /** The entity with its defaults, or what is wrong with it. Validated once, at the first call. */
  read(): Parsed<T>
}

/** A change and what it expects to find, for `store.commit`. */
export interface PreparedWrite {
  readonly changes: readonly Change[]
  readonly preconditions: readonly Precondition[]
}

/** `expected`: the text the writer has seen (null: nothing); absent: whatever is there is replaced. */
export interface WriteOptions {
  readonly expected?: string | null
  /** Epoch milliseconds. */
  readonly expiresAt?: number
}

export class EntityStore {
  readonly store: Store
  readonly root: string

  /** `root` is the setting `storageRoot`, the prefix of every key. */
  constructor(store: Store, root = 'otoroshi') {
    this.store = store
    this.root = root
  }

  /** The key of an entity. Scoped kinds (teams) take their scope from the entity. */
  keyOf(definition: EntityDefinition, id: string, entity?: unknown): string {
    return storageKeyOf(this.root, definition, id, scopeOf(definition, entity))
  }

  /** One entity, or null. A team is found by its id in any organization, or by `<organization>:<id>`. */
  async get<T>(definition: EntityDefinition<T>, id: string): Promise<StoredEntity<T> | null> {
    if (definition.singleton !== undefined && id !== definition.singleton) return null
    if (definition.scopeField !== undefined) return this.#findScoped(definition, id)
    const key = storageKeyOf(this.root, definition, id)
    const json = await this.store.get(key)
    return json === null ? null : stored(definition, id, key, json)
  }

  /** Every entity of a kind, in key order. */
  async list<T>(definition: EntityDefinition<T>): Promise<StoredEntity<T>[]> {
    const entities: StoredEntity<T>[] = []
    for await (const batch of this.stream(definition)) entities.push(...batch)
    return entities
  }

  /** The same in batches. */
  async *stream<T>(definition: EntityDefinition<T>): AsyncGenerator<readonly StoredEntity<T>[]> {
    const prefix = storagePrefix(this.root, definition)
    if (definition.singleton !== undefined) {
      const only = await this.get(definition, definition.singleton)
      if (only !== null) yield [only]
      return
    }
    for await (const entries of this.store.scan(prefix))
      yield entries.map(({ key, value }) => stored(definition, idIn(definition, key, prefix), key, value))
  }

  /** Every entity of every kind (aliases once), in batches of one kind. */
  async *all(): AsyncGenerator<readonly StoredEntity[]> {
    for (const definition of storedDefinitions) yield* this.stream(definition)
  }

  /** The change that writes `entity`, to be committed alone or with others. Throws a TypeError when it has no id. */
  prepare<T>(definition: EntityDefinition<T>, entity: T, options: WriteOptions = {}): PreparedWrite {
    const id = idOf(definition, entity)
    if (id === null) throw new TypeError(`${definition.kind} without ${definition.idField}`)
    const key = this.keyOf(definition, id, entity)
    const change: Change = { key, value: JSON.stringify(entity) }
    return {
      changes: [options.expiresAt === undefined ? change : { ...change, expiresAt: options.expiresAt }],
      preconditions: options.expected === undefined ? [] : [{ key, value: options.expected }],
    }
  }

  /** Writes an entity that was validated. Rejects with `StoreConflict` when `expected` is not what is there. */
  async put<T>(
    definition: EntityDefinition<T>,
    entity: T,
    options: WriteOptions = {},
  ): Promise<StoredEntity<T>> {
    const { changes, preconditions } = this.prepare(definition, entity, options)
    await this.store.commit(changes, preconditions)
    const { key, value } = changes[0]!
    return stored(definition, idOf(definition, entity)!, key, value!)
  }

  /** Removes an entity; answers what was there, null when nothing was. */
  async remove<T>(
    definition: EntityDefinition<T>,
    id: string,
    options: { readonly expected?: string } = {},
  ): Promise<StoredEntity<T> | null> {
    const found = await this.get(definition, id)
    if (found === null) return null
    const preconditions = options.expected === undefined ? [] : [{ key: found.key, value: options.expected }]
    await this.store.commit([{ key: found.key, value: null }], preconditions)
    return found
  }

  /** The kind and id a key stands for, or null when it is not the key of an entity. For `watch` listeners. */
  identify(key: string): { readonly definition: EntityDefinition; readonly id: string } | null {
    for (const definition of storedDefinitions) {
      const prefix = storagePrefix(this.root, definition)
      if (definition.singleton !== undefined) {
        if (key === prefix) return { definition, id: definition.singleton }
      } else if (key.length > prefix.length && key.startsWith(prefix))
        return { definition, id: idIn(definition, key, prefix) }
    }
    return null
  }

  async #findScoped<T>(definition: EntityDefinition<T>, id: string): Promise<StoredEntity<T> | null> {
    const prefix = storagePrefix(this.root, definition)
    const exact = await this.store.get(prefix + id)
    if (exact !== null) return stored(definition, idIn(definition, prefix + id, prefix), prefix + id, exact)
    for await (const batch of this.stream(definition)) {
      const found = batch.find(entity => entity.id === id)
      if (found !== undefined) return found
    }
    return null
  }
}

/** The entity behind the text of a kind known by name; null when there is no such kind. */
export function readStored(kind: string, json: string): Parsed<unknown> | null {
  const definition = definitionOf(kind)
  return definition === null ? null : readEntityText(definition, json)
}

function scopeOf(definition: EntityDefinition, entity: unknown): string | undefined {
  if (definition.scopeField === undefined || typeof entity !== 'object' || entity === null) return undefined
  const scope = (entity as Record<string, unknown>)[definition.scopeField]
  return typeof scope === 'string' ? scope : undefined
}

// A scoped key ends in `<scope>:<id>`; upstream's generic API also writes it without scope.
function idIn(definition: EntityDefinition, key: string, prefix: string): string {
  const rest = key.slice(prefix.length)
  return definition.scopeField === undefined ? rest : rest.slice(rest.indexOf(':') + 1)
}

function stored<T>(definition: EntityDefinition<T>, id: string, key: string, json: string): StoredEntity<T> {
  let parsed: Parsed<T> | undefined
  return {
    definition,
    id,
    key,
    json,
    read() {
      parsed ??= readEntityText(definition, json)
      return parsed
    },
  }
}
