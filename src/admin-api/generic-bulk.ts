/** `/apis/{group}/{version}/{entity}/_bulk` (reference, 3.4). */
import type { EntityDefinition } from '../model/entity.ts'
import { holdsPasswords } from '../model/passwords.ts'
import { isObject } from '../model/types/shape.ts'
import { badRequest, methodNotAllowed } from './api-error.ts'
import { bulkReply, requireNdjson } from './bulk.ts'
import type { Call } from './call.ts'
import { mergeWith, patchWith } from './decode.ts'
import { sentId } from './entity-view.ts'
import { create, patch, remove, replace } from './entity-writes.ts'
import { refusalOf } from './refusal.ts'
import type { Reply } from './reply.ts'

export async function genericBulk(call: Call, definition: EntityDefinition): Promise<Reply> {
  const handle = lineHandler(call, definition, true)
  if (handle === null || !definition.access.bulk) throw methodNotAllowed()
  requireNdjson(call)
  return bulkReply(call, {
    refusalOf: error => refusalOf(error, call),
    handle: async line => {
      const { status, done, id } = await handle(line)
      return { status, [done]: true, id, id_field: definition.idField, ...(call.dryRun && { dry_run: true }) }
    },
    failed: (error, line) => ({
      status: error.status,
      error: error.reason === 'admin.invalid_entity' ? 'bad_entity' : error.code,
      error_description: error.description,
      ...(error.more['faults'] !== undefined && { faults: error.more['faults'] }),
      reason: error.reason,
      ...(line !== null && { entity: failedLine(definition, line) }),
    }),
  })
}

/** What was sent as the answer to its failure repeats it: of kinds with passwords the id only. */
export function failedLine(
  definition: EntityDefinition,
  line: Record<string, unknown>,
): Record<string, unknown> {
  const { idField } = definition
  return holdsPasswords(definition) ? { [idField]: line[idField] } : line
}

/** What has become of a line. */
export interface LineResult {
  readonly status: number
  readonly done: 'created' | 'updated' | 'deleted'
  readonly id: string
}

/**
 * What a verb does with a line, or null when there is no such verb or the kind does not offer it. `stamped`: keep the times
 * in the metadata.
 */
export function lineHandler(
  call: Call,
  definition: EntityDefinition,
  stamped: boolean,
): ((line: Record<string, unknown>) => Promise<LineResult>) | null {
  const { access } = definition
  const options = { stamped, conditional: false }
  switch (call.method) {
    case 'POST':
      if (!access.create) return null
      return async line => {
        const { id } = await create(call, definition, { form: 'value', value: line }, options)
        return { status: 201, done: 'created', id }
      }
    case 'PUT':
      if (!access.update) return null
      return async line => {
        const id = requiredId(definition, line)
        await replace(call, definition, id, { form: 'value', value: line }, { ...options, mustExist: true })
        return { status: 200, done: 'updated', id }
      }
    case 'PATCH':
      if (!access.update) return null
      return async line => {
        const id = requiredId(definition, line)
        const content = line['patch']
        const apply = isObject(content) ? mergeWith(content) : patchWith(content)
        await patch(call, definition, id, apply, options)
        return { status: 200, done: 'updated', id }
      }
    case 'DELETE':
      if (!access.delete) return null
      return async line => {
        const id = requiredId(definition, line)
        await remove(call, definition, id, options)
        return { status: 200, done: 'deleted', id }
      }
    default:
      return null
  }
}

function requiredId(definition: EntityDefinition, line: Record<string, unknown>): string {
  const id = sentId(definition, line)
  if (id === null) throw badRequest([`${definition.idField}: Expected the id of the entity`])
  return id
}
