/**
 * Entities in a store: the typed way in and out.
 *
 * Guarantees: keys are upstream's; text is parsed and validated only when asked for; a stored entity that is no longer
 * valid stays listed, with its faults and its text. Not done here: rights, revisions, events.
 */
import { storedDefinitions } from '../model/registry.ts'
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

/** What the data plane is told of an entity that was written (`EntityWrite`) or removed (`EntityRemoval`). */
export interface EntityDelta {
  readonly writes: readonly { readonly kind: string; readonly id: string; readonly json: string }[]
  readonly removals: readonly { readonly kind: string; readonly id: string }[]
}

/** Entities to be written or removed together, and what the writer expects to find. Parts may be joined. */
export interface PreparedChange extends EntityDelta {
  readonly changes: readonly Change[]
  readonly preconditions: readonly Precondition[]
}

/** `expected`: the text the writer has seen (null: nothing); absent: whatever is there is replaced. */
export interface WriteOptions {
  readonly expected?: string | null
  /** Epoch milliseconds. */
  readonly expiresAt?: number
}

/** Where the entities of a kind are. */
interface Place {
  readonly definition: EntityDefinition
  readonly prefix: string
}

type Take = (definition: EntityDefinition, id: string, key: string, json: string) => void

export class EntityStore {
  readonly store: Store
  readonly root: string
  readonly #places: readonly Place[]

  /** `root` is the setting `storageRoot`, the prefix of every key. */
  constructor(store: Store, root = 'otoroshi') {
    this.store = store
    this.root = root
    this.#places = storedDefinitions.map(definition => ({
      definition,
      prefix: storagePrefix(root, definition),
    }))
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

  /** Every entity of every kind (aliases once), in batches. */
  async *all(): AsyncGenerator<readonly StoredEntity[]> {
    if (this.store.scanAny === undefined) {
      for (const definition of storedDefinitions) yield* this.stream(definition)
      return
    }
    for await (const entries of this.store.scanAny(this.#places.map(place => place.prefix)))
      yield entries.flatMap(({ key, value }) => {
        const place = this.identify(key)
        return place === null ? [] : [stored(place.definition, place.id, key, value)]
      })
  }

  /**
   * Gives every entity of every kind (aliases once) to `take`, without an object for each. `listed` is called when only
   * those are left that the data plane looks up one by one, and waited for.
   */
  async load(take: Take, listed: () => void | Promise<void> = () => {}): Promise<void> {
    if (this.store.scanAny !== undefined) {
      for await (const entries of this.store.scanAny(this.#places.map(place => place.prefix)))
        for (const { key, value } of entries) {
          const place = this.identify(key)
          if (place !== null) take(place.definition, place.id, key, value)
        }
      await listed()
      return
    }
    const later = this.#places.filter(({ definition }) => definition.numerous === 'looked-up')
    for (const place of this.#places) if (!later.includes(place)) await this.#loadKind(place, take)
    await listed()
    for (const place of later) await this.#loadKind(place, take)
  }

  async #loadKind({ definition, prefix }: Place, take: Take): Promise<void> {
    if (definition.singleton !== undefined) {
      const only = await this.get(definition, definition.singleton)
      if (only !== null) take(definition, only.id, only.key, only.json)
      return
    }
    const unordered = definition.numerous !== undefined && this.store.scanUnordered !== undefined
    const batches = unordered ? this.store.scanUnordered!(prefix) : this.store.scan(prefix)
    for await (const entries of batches) {
      for (const { key, value } of entries) take(definition, idIn(definition, key, prefix), key, value)
      // The threads that make ready what is listed must be heard.
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** The change that writes a validated entity. Throws a TypeError when it has no id. */
  preparePut<T>(definition: EntityDefinition<T>, entity: T, options: WriteOptions = {}): PreparedChange {
    const id = idOf(definition, entity)
    if (id === null) throw new TypeError(`${definition.kind} without ${definition.idField}`)
    const key = this.keyOf(definition, id, entity)
    const json = JSON.stringify(entity)
    const { expected, expiresAt } = options
    return {
      changes: [expiresAt === undefined ? { key, value: json } : { key, value: json, expiresAt }],
      preconditions: expected === undefined ? [] : [{ key, value: expected }],
      writes: definition.served ? [{ kind: storedKind(definition), id, json }] : [],
      removals: [],
    }
  }

  /** The change that removes an entity as it was read: somebody else's newer text is not removed. */
  prepareRemoval({ definition, id, key, json }: StoredEntity): PreparedChange {
    return {
      changes: [{ key, value: null }],
      preconditions: [{ key, value: json }],
      writes: [],
      removals: definition.served ? [{ kind: storedKind(definition), id }] : [],
    }
  }

  /** Commits all or nothing; answers what the data plane must hear. Rejects with `StoreConflict`. */
  async commit(prepared: readonly PreparedChange[]): Promise<EntityDelta> {
    await this.store.commit(
      prepared.flatMap(part => part.changes),
      prepared.flatMap(part => part.preconditions),
    )
    return {
      writes: prepared.flatMap(part => part.writes),
      removals: prepared.flatMap(part => part.removals),
    }
  }

  /** Writes one validated entity (`expected: null` creates). Rejects with `StoreConflict`. */
  async put<T>(
    definition: EntityDefinition<T>,
    entity: T,
    options: WriteOptions = {},
  ): Promise<StoredEntity<T>> {
    const prepared = this.preparePut(definition, entity, options)
    await this.commit([prepared])
    const { key, value } = prepared.changes[0]!
    return stored(definition, idOf(definition, entity)!, key, value!)
  }

  /** Removes one entity; answers what was there, null when nothing was. Rejects with `StoreConflict`. */
  async remove<T>(definition: EntityDefinition<T>, id: string): Promise<StoredEntity<T> | null> {
    const found = await this.get(definition, id)
    if (found !== null) await this.commit([this.prepareRemoval(found)])
    return found
  }

  /** The kind and id a key stands for, or null when it is not the key of an entity. For `watch` listeners. */
  identify(key: string): { readonly definition: EntityDefinition; readonly id: string } | null {
    for (const { definition, prefix } of this.#places) {
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

function storedKind(definition: EntityDefinition): string {
  return definition.aliasOf ?? definition.kind
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
      parsed ??= readPlaced(definition, id, json)
      return parsed
    },
  }
}

// Whoever can write to a shared store must not pass one entity off under the key of another.
function readPlaced<T>(definition: EntityDefinition<T>, id: string, json: string): Parsed<T> {
  const parsed = readEntityText(definition, json)
  if (!parsed.ok || idOf(definition, parsed.value) === id) return parsed
  const message = `Expected ${JSON.stringify(id)}, the id in the key of the store`
  return { ok: false, faults: [{ path: definition.idField, message }] }
}
