/** The first start on an empty store. */
import type { EntityDefinition } from '../model/entity.ts'
import { idOf, readEntity } from '../model/read.ts'
import { definitionOf } from '../model/registry.ts'
import { type Change, StoreConflict } from '../store/contract.ts'
import type { EntityStore } from '../store/entities.ts'
import { InvalidEntity } from './change.ts'
import type { History } from './history/history.ts'
import { isHistoryKey } from './history/history-keys.ts'
import { StagedHistory } from './history/staged-history.ts'
import { IndexedEntity } from './indexed-entity.ts'
import type { IncomingEntity } from './replacement.ts'

/** An entity to be created, not yet validated. */
export interface InitialEntity {
  readonly definition: EntityDefinition
  readonly entity: unknown
}

/** What a first start writes: entities, those of an export in their normal form, or texts that are no entities. */
export type Initial = InitialEntity | IncomingEntity | Change

/** Keys asked for at once. */
const together = 200

/** Most often it is tried again with other numbers for the history. */
const attempts = 5

/**
 * Writes what a first start begins with in one commit, unless the store has a global configuration: then it is in use. What
 * is there already is left alone. When another process is first, its entities stand.
 */
export async function createInitial(
  store: EntityStore,
  history: History | null,
  initial: () => readonly Initial[] | Promise<readonly Initial[]>,
): Promise<void> {
  const settings = definitionOf('GlobalConfig')
  const settingsId = settings?.singleton
  if (settings === null || settingsId === undefined) return
  if ((await store.get(settings, settingsId)) !== null) return
  const wanted = (await initial()).map(item => placed(store, item))
  const created: Placed[] = []
  for (let i = 0; i < wanted.length; i += together) {
    const some = wanted.slice(i, i + together)
    const there = await Promise.all(some.map(({ change }) => store.store.get(change.key)))
    created.push(...some.filter((_, at) => there[at] === null))
  }
  for (let attempt = 1; ; attempt++)
    try {
      return await commit(store, history, created)
    } catch (error) {
      if (!(error instanceof StoreConflict)) throw error
      if (!isHistoryKey(store.root, error.key) || attempt === attempts) return
    }
}

async function commit(
  store: EntityStore,
  history: History | null,
  created: readonly Placed[],
): Promise<void> {
  const versions = new StagedHistory(history, 1)
  for (const { entity } of created) if (entity !== null) versions.record(null, entity)
  await store.store.commit(
    [...created.map(({ change }) => change), ...versions.changes],
    [...created.map(({ change }) => ({ key: change.key, value: null })), ...versions.preconditions],
  )
  versions.committed()
}

interface Placed {
  readonly change: Change
  /** Null for what is no entity. */
  readonly entity: IndexedEntity | null
}

function placed(store: EntityStore, item: Initial): Placed {
  if ('value' in item) return { change: item, entity: null }
  if ('json' in item) {
    const { definition, id, key, json, expiresAt } = item
    return {
      change: { key, value: json, expiresAt },
      entity: new IndexedEntity(definition, id, key, json, 1, true),
    }
  }
  const { definition, entity: input } = item
  const parsed = readEntity(definition, input)
  if (!parsed.ok) throw new InvalidEntity(definition.kind, parsed.faults)
  const id = idOf(definition, parsed.value)
  if (id === null)
    throw new InvalidEntity(definition.kind, [{ path: definition.idField, message: 'Required' }])
  const key = store.keyOf(definition, id, parsed.value)
  const value = JSON.stringify(parsed.value)
  return { change: { key, value }, entity: new IndexedEntity(definition, id, key, value, 1, true) }
}
