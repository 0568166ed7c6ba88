/**
 * Changes that are decided but not yet stored. Each decision sees the ones before it; all of them go to the store as one
 * commit whose preconditions are what the first decision on each key has seen.
 */
import type { EntityDefinition } from '../model/entity.ts'
import { equalJson } from '../model/equal-json.ts'
import { idOf, readEntity } from '../model/read.ts'
import { storedDefinitions } from '../model/registry.ts'
import type { Change, Precondition } from '../store/contract.ts'
import type { EntityStore } from '../store/entities.ts'
import { checkChange } from '../store/keys.ts'
import { type ChangeRequest, InvalidEntity } from './change.ts'
import { canonical, type EntityIndex } from './entity-index.ts'
import type { History } from './history/history.ts'
import { StagedHistory } from './history/staged-history.ts'
import { IndexedEntity } from './indexed-entity.ts'
import type { Replacement, ReplacementOutcome } from './replacement.ts'

/** The decision on one request. */
export interface StagedOutcome {
  readonly before: IndexedEntity | null
  readonly after: IndexedEntity | null
  readonly changed: boolean
  /** Number of the change in the history, null when it is not recorded. */
  readonly number: number | null
}

export class Staging {
  readonly #index: EntityIndex
  readonly #entities: EntityStore
  readonly #revision: number
  readonly #after = new Map<string, IndexedEntity | null>()
  readonly #before = new Map<string, IndexedEntity | null>()
  readonly #expiries = new Map<string, number>()
  readonly #versions: StagedHistory
  /** Changes of what is no entity. */
  #others: readonly Change[] = []
  readonly #expected: Precondition[] = []
  /** UTF-16 units of text staged, versions aside. */
  size = 0

  /** `revision`: the number the changes will get. `history` null: nothing is recorded. */
  constructor(index: EntityIndex, entities: EntityStore, revision: number, history: History | null) {
    this.#index = index
    this.#versions = new StagedHistory(history, revision)
    this.#entities = entities
    this.#revision = revision
  }

  /** Lets the request decide and notes what is to be done. Throws what the request throws, or `InvalidEntity`. */
  decide(request: ChangeRequest): StagedOutcome {
    const definition = canonical(request.definition)
    const before = this.#find(definition, request.id, request.scope)
    const decision = request.transition(before)
    if (decision.action === 'keep') return same(before)
    if (decision.action === 'remove') {
      if (before === null) return same(null)
      this.#note(before.key, before, null)
      return {
        before,
        after: null,
        changed: true,
        number: this.#versions.record(before, null, request.origin),
      }
    }
    const written = this.#validated(definition, before?.id ?? request.id, decision.entity)
    if (before !== null && before.key === written.key && before.json === written.json) return same(before)
    const replaced = this.#at(definition, written.key)
    if (replaced !== null && before?.key !== written.key)
      throw new InvalidEntity(definition.kind, [
        { path: definition.scopeField ?? definition.idField, message: 'Another entity has this place' },
      ])
    if (before !== null && before.key !== written.key) this.#note(before.key, before, null)
    this.#note(written.key, replaced, written)
    this.#noteExpiry(definition, written.key, decision.entity)
    if (request.beside !== undefined) {
      this.#others = [...this.#others, ...request.beside.changes]
      this.#expected.push(...request.beside.preconditions)
    }
    const number = this.#versions.record(before, written, request.origin)
    this.size += written.json.length
    return { before, after: written, changed: true, number }
  }

  /**
   * Notes that the entities of `replacement` take the place of all others. Only on a fresh staging. Throws what its check
   * throws.
   */
  replaceAll(replacement: Replacement): Omit<ReplacementOutcome, 'revision'> {
    const { entities, stays, changes, origin } = replacement
    replacement.check?.((definition, key) => this.#index.byKey(definition, key))
    const removed: IndexedEntity[] = []
    const created: IndexedEntity[] = []
    const updated: { before: IndexedEntity; after: IndexedEntity }[] = []
    let unchanged = 0
    for (const definition of storedDefinitions)
      for (const entity of this.#index.list(definition)) {
        if (entities.has(entity.key)) continue
        if (stays(entity)) unchanged++
        else {
          removed.push(entity)
          this.#note(entity.key, entity, null)
        }
      }
    for (const { definition, id, key, json, expiresAt } of entities.values()) {
      const before = this.#index.byKey(definition, key)
      if (before !== null && sameContent(before, json)) {
        unchanged++
        continue
      }
      const after = new IndexedEntity(definition, id, key, json, this.#revision, true)
      if (before === null) created.push(after)
      else updated.push({ before, after })
      this.#note(key, before, after)
      if (expiresAt !== 0) this.#expiries.set(key, expiresAt)
    }
    this.#others = changes
    const parts = [
      ...removed.map(before => ({ before, after: null })),
      ...created.map(after => ({ before: null, after })),
      ...updated,
    ]
    return { created, updated, removed, unchanged, number: this.#versions.recordImport(parts, origin) }
  }

  get empty(): boolean {
    return this.#after.size === 0 && this.#others.length === 0
  }

  changes(): Change[] {
    const changes: Change[] = []
    for (const [key, entity] of this.#after) {
      const expiresAt = this.#expiries.get(key)
      const value = entity === null ? null : entity.json
      changes.push(expiresAt === undefined ? { key, value } : { key, value, expiresAt })
    }
    for (const change of this.#others) changes.push(change)
    for (const change of this.#versions.changes) changes.push(change)
    return changes
  }

  preconditions(): Precondition[] {
    const seen: Precondition[] = []
    for (const [key, entity] of this.#before) seen.push({ key, value: entity === null ? null : entity.json })
    for (const expected of this.#expected) seen.push(expected)
    for (const absent of this.#versions.preconditions) seen.push(absent)
    return seen
  }

  /** The commit was made. */
  committed(): void {
    this.#versions.committed()
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

  #noteExpiry({ expiryField }: EntityDefinition, key: string, entity: unknown): void {
    if (expiryField === undefined) return
    const end = (entity as Readonly<Record<string, unknown>>)[expiryField]
    if (Number.isSafeInteger(end) && Number(end) > 0) this.#expiries.set(key, Number(end))
  }

  #note(key: string, before: IndexedEntity | null, after: IndexedEntity | null): void {
    if (!this.#before.has(key)) this.#before.set(key, before)
    this.#after.set(key, after)
  }
}

function same(entity: IndexedEntity | null): StagedOutcome {
  return { before: entity, after: entity, changed: false, number: null }
}

/** True when the stored text means the same, whatever its spelling and order: both sides in their normal form. */
function sameContent(stored: IndexedEntity, json: string): boolean {
  return stored.json === json || equalJson(stored.view(), JSON.parse(json))
}
