/**
 * Changes that are decided but not yet stored. Each decision sees the ones before it; all of them go to the store as one
 * commit whose preconditions are what the first decision on each key has seen.
 */
import type { EntityDefinition } from '../model/entity.ts'
import { idOf, readEntity } from '../model/read.ts'
import type { Change, Precondition } from '../store/contract.ts'
import type { EntityStore } from '../store/entities.ts'
import { checkChange } from '../store/keys.ts'
import { type ChangeRequest, InvalidEntity } from './change.ts'
import { canonical, type EntityIndex } from './entity-index.ts'
import { IndexedEntity } from './indexed-entity.ts'

/** The decision on one request. */
export interface StagedOutcome {
  readonly before: IndexedEntity | null
  readonly after: IndexedEntity | null
  readonly changed: boolean
}

export class Staging {
  readonly #index: EntityIndex
  readonly #entities: EntityStore
  readonly #revision: number
  readonly #after = new Map<string, IndexedEntity | null>()
  readonly #before = new Map<string, IndexedEntity | null>()
  /** UTF-16 units of text staged. */
  size = 0

  /** `revision`: the number the changes will get. */
  constructor(index: EntityIndex, entities: EntityStore, revision: number) {
    this.#index = index
    this.#entities = entities
    this.#revision = revision
  }

  /** Lets the request decide and notes what is to be done. Throws what the request throws, or `InvalidEntity`. */
  decide(request: ChangeRequest): StagedOutcome {
    const definition = canonical(request.definition)
    const before = this.#find(definition, request.id, request.scope)
    const decision = request.transition(before)
    if (decision.action === 'keep') return { before, after: before, changed: false }
    if (decision.action === 'remove') {
      if (before !== null) this.#note(before.key, before, null)
      return { before, after: null, changed: before !== null }
    }
    const written = this.#validated(definition, before?.id ?? request.id, decision.entity)
    if (before !== null && before.key === written.key && before.json === written.json)
      return { before, after: before, changed: false }
    const replaced = this.#at(definition, written.key)
    if (replaced !== null && replaced !== before)
      throw new InvalidEntity(definition.kind, [
        { path: definition.scopeField ?? definition.idField, message: 'Another entity has this place' },
      ])
    if (before !== null && before.key !== written.key) this.#note(before.key, before, null)
    this.#note(written.key, replaced, written)
    this.size += written.json.length
    return { before, after: written, changed: true }
  }

  get empty(): boolean {
    return this.#after.size === 0
  }

  changes(): Change[] {
    return [...this.#after].map(([key, entity]) => ({ key, value: entity === null ? null : entity.json }))
  }

  preconditions(): Precondition[] {
    return [...this.#before].map(([key, entity]) => ({ key, value: entity === null ? null : entity.json }))
  }

  writes(): IndexedEntity[] {
    return [...this.#after.values()].filter(entity => entity !== null)
  }

  removals(): IndexedEntity[] {
    const gone: IndexedEntity[] = []
    for (const [key, entity] of this.#after) {
      const before = this.#before.get(key)
      if (entity === null && before != null) gone.push(before)
    }
    return gone
  }

  #validated(definition: EntityDefinition, id: string, input: unknown): IndexedEntity {
    const parsed = readEntity(definition, input)
    if (!parsed.ok) throw new InvalidEntity(definition.kind, parsed.faults)
    if (idOf(definition, parsed.value) !== id)
      throw new InvalidEntity(definition.kind, [
        { path: definition.idField, message: `Expected ${JSON.stringify(id)}, the id of the entity` },
      ])
    const key = this.#entities.keyOf(definition, id, parsed.value)
    const json = JSON.stringify(parsed.value)
    try {
      checkChange({ key, value: json })
    } catch (error) {
      const message = error instanceof Error ? error.message : 'cannot be stored'
      throw new InvalidEntity(definition.kind, [{ path: definition.idField, message }])
    }
    return new IndexedEntity(definition, id, key, json, this.#revision, true)
  }

  #find(definition: EntityDefinition, id: string, scope?: string): IndexedEntity | null {
    const indexed = this.#index.get(definition, id, scope)
    if (indexed !== null) {
      const staged = this.#after.get(indexed.key)
      if (staged !== undefined && staged !== null) return staged
      if (staged === undefined) return indexed
    }
    if (definition.scopeField === undefined)
      return this.#after.get(this.#entities.keyOf(definition, id)) ?? null
    if (scope !== undefined)
      return this.#after.get(this.#entities.keyOf(definition, id, { [definition.scopeField]: scope })) ?? null
    for (const staged of this.#after.values())
      if (staged?.definition === definition && staged.id === id) return staged
    return null
  }

  #at(definition: EntityDefinition, key: string): IndexedEntity | null {
    const staged = this.#after.get(key)
    return staged === undefined ? this.#index.byKey(definition, key) : staged
  }

  #note(key: string, before: IndexedEntity | null, after: IndexedEntity | null): void {
    if (!this.#before.has(key)) this.#before.set(key, before)
    this.#after.set(key, after)
  }
}
