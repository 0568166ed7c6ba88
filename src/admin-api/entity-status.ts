import type { EntityDefinition } from '../model/entity.ts'
import { notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { mayRead } from './entity-rights.ts'
import { findStored } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

/** `GET …/:id/_status`: whether the data plane serves the entity, and if not why. */
export async function entityStatus(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const { control } = call.services
  const entity = findStored(call, definition, id)
  if (entity === null || !mayRead(call.caller, definition, entity)) throw notFound()
  const { faults } = control.statusOf(definition.kind, entity.id)
  const read = entity.read()
  return jsonReply(200, {
    kind: definition.kind,
    id: entity.id,
    served: definition.served,
    healthy: faults.length === 0 && read.ok,
    written_in_revision: entity.revision,
    revision: control.revision,
    faults,
    invalid: read.ok ? [] : read.faults,
  })
}
