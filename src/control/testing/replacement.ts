/** Imports for tests. */
import type { EntityDefinition } from '../../model/entity.ts'
import { idOf, readEntity } from '../../model/read.ts'
import { storageKeyOf } from '../../model/storage-key.ts'
import type { ChangeOrigin } from '../history/change-record.ts'
import type { IncomingEntity, Replacement } from '../replacement.ts'
import { route } from './entities.ts'

/** Exchanges all entities for these of one kind. */
export function replacing(
  inputs: readonly unknown[],
  origin: ChangeOrigin,
  definition: EntityDefinition = route,
): Replacement {
  const entities = new Map<string, IncomingEntity>()
  for (const input of inputs) {
    const read = readEntity(definition, input)
    if (!read.ok) throw new Error(JSON.stringify(read.faults))
    const id = idOf(definition, read.value)!
    const key = storageKeyOf('otoroshi', definition, id)
    entities.set(key, { definition, id, key, json: JSON.stringify(read.value), expiresAt: 0 })
  }
  return { entities, stays: () => false, changes: [], origin }
}
