/** The first start on an empty store. */
import type { EntityDefinition } from '../model/entity.ts'
import { idOf, readEntity } from '../model/read.ts'
import { definitionOf } from '../model/registry.ts'
import { type Change, StoreConflict } from '../store/contract.ts'
import type { EntityStore } from '../store/entities.ts'
import { InvalidEntity } from './change.ts'

/** An entity to be created, not yet validated. */
export interface InitialEntity {
  readonly definition: EntityDefinition
  readonly entity: unknown
}

/**
 * Creates the initial entities in one commit, unless the store has a global configuration: then it is in use. Entities
 * that are there already are left alone. When another process is first, its entities stand.
 */
export async function createInitial(
  store: EntityStore,
  initial: () => readonly InitialEntity[] | Promise<readonly InitialEntity[]>,
): Promise<void> {
  const settings = definitionOf('GlobalConfig')
  const settingsId = settings?.singleton
  if (settings === null || settingsId === undefined) return
  if ((await store.get(settings, settingsId)) !== null) return
  const changes: Change[] = []
  for (const { definition, entity } of await initial()) {
    const parsed = readEntity(definition, entity)
    if (!parsed.ok) throw new InvalidEntity(definition.kind, parsed.faults)
    const id = idOf(definition, parsed.value)
    if (id === null)
      throw new InvalidEntity(definition.kind, [{ path: definition.idField, message: 'Required' }])
    const key = store.keyOf(definition, id, parsed.value)
    if ((await store.store.get(key)) === null) changes.push({ key, value: JSON.stringify(parsed.value) })
  }
  try {
    await store.store.commit(
      changes,
      changes.map(({ key }) => ({ key, value: null })),
    )
  } catch (error) {
    if (!(error instanceof StoreConflict)) throw error
  }
}
