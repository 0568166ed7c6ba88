/** `/apis/{group}/{version}/{entity}`: the same operations for every kind (reference, 3). */
import type { ChangeRequest, Transition } from '../control/change.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { jsonSchema } from '../model/json-schema.ts'
import { definitions } from '../model/registry.ts'
import { ApiError, methodNotAllowed, notFound } from './api-error.ts'
import { tellDeletedAll } from './audit.ts'
import type { Call } from './call.ts'
import { originOf } from './caller.ts'
import { mayRead, mayWrite } from './entity-rights.ts'
import { entityTag, isKnown } from './conditions.ts'
import { readContent, readPatch } from './decode.ts'
import { brokenBy, usedByHeaders } from './entity-references.ts'
import { countReadable, listEntities } from './entity-list.ts'
import { kindLabel, show, withKind } from './entity-view.ts'
import { create, findStored, patch, remove, replace } from './entity-writes.ts'
import { project } from './list-query.ts'
import { renderList, renderOne } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { templateOf } from './templates.ts'
import { holdsOwnRules } from './validated-writes.ts'
import { deprecation, dryRun, type Fields, written } from './written-reply.ts'

const stamped = { stamped: true, conditional: true } as const

/** `GET /apis/entities`. */
export async function listKinds(call: Call): Promise<Reply> {
  const schemas = call.query.get('schema') !== 'false'
  const resources = []
  for (const d of definitions)
    resources.push({
      kind: d.kind,
      plural_name: d.plural,
      singular_name: d.singular,
      group: d.group,
      version: {
        name: d.version,
        served: true,
        deprecated: d.deprecated === true,
        storage: true,
        ...(schemas && { schema: await jsonSchema(d) }),
      },
    })
  return renderOne(call, 200, { version: call.services.version, resources })
}

/** `GET …/_schema`. */
export async function schema(call: Call, definition: EntityDefinition): Promise<Reply> {
  return renderOne(call, 200, withKind(definition, { ...(await jsonSchema(definition)) }))
}

/** `GET …/_template`. */
export async function template(call: Call, definition: EntityDefinition): Promise<Reply> {
  return jsonReply(200, templateOf(call, definition))
}

/** `POST …`. */
export async function createOne(call: Call, definition: EntityDefinition): Promise<Reply> {
  return written(call, 201, await create(call, definition, await readContent(call), stamped))
}

/** `PUT …/:id`. */
export async function replaceOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const options = { ...stamped, mustExist: true }
  return written(call, 200, await replace(call, definition, id, await readContent(call), options))
}

/** `PATCH …/:id`. */
export async function patchOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  return written(call, 200, await patch(call, definition, id, await readPatch(call), stamped))
}

/** Throws 405 when the kind does not offer the operation. */
function offered(operation: boolean): void {
  if (!operation) throw methodNotAllowed()
}

/** `DELETE …/:id`. */
export async function removeOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const broken = await brokenBy(call, definition, id)
  const result = await remove(call, definition, id, stamped)
  if (call.dryRun) return dryRun(call, result, { used_by: broken?.users ?? [], hidden: broken?.hidden ?? 0 })
  return written(call, 200, result, usedByHeaders(broken))
}

/** `GET …`. */
export async function list(call: Call, definition: EntityDefinition): Promise<Reply> {
  const { entities, pages, query } = await listEntities(call, definition)
  const { fields } = query
  const shown = function* () {
    for (const entity of entities) {
      const view = show(entity)
      yield withKind(definition, fields === null ? view : project(view, fields))
    }
  }
  return renderList(call, shown(), definition, [['X-Pages', String(pages)], ...deprecation(definition)])
}

/** `GET …/_count`. */
export async function count(call: Call, definition: EntityDefinition): Promise<Reply> {
  return renderOne(call, 200, { count: await countReadable(call, definition), kind: kindLabel(definition) })
}

/** `GET …/:id`. */
export async function getOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const entity = findStored(call, definition, id)
  if (entity === null) throw notFound()
  if (!mayRead(call.caller, definition, entity))
    throw new ApiError(401, 'admin.unauthorized', 'unauthorized', 'you cannot access this resource')
  const tag: Fields = [['ETag', entityTag(entity)]]
  if (isKnown(call.headers, entity)) return { status: 304, headers: tag }
  const fields = call.query.get('fields')
  const view = show(entity)
  const kept =
    fields === null || fields === ''
      ? view
      : project(
          view,
          fields.split(',').map(f => f.trim().split('.')),
        )
  const headers: Fields = [...tag, ['X-Pages', '-1'], ...deprecation(definition)]
  return renderOne(call, 200, withKind(definition, kept), definition, headers)
}

/** `POST …/:id`. */
export async function upsert(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const exists = findStored(call, definition, id) !== null
  offered(exists ? definition.access.update : definition.access.create)
  const result = await replace(call, definition, id, await readContent(call), {
    ...stamped,
    mustExist: false,
  })
  if (result.before === null) return written(call, 201, result)
  return written(call, 200, result, [['Otoroshi-Entity-Updated', String(result.changed)]])
}

/** `DELETE …`. */
export async function removeAll(call: Call, definition: EntityDefinition): Promise<Reply> {
  const { control } = call.services
  const mine = control
    .list(definition)
    .filter(
      entity =>
        mayWrite(call.caller, definition, entity, call.services) &&
        !holdsOwnRules(call, definition, entity.id),
    )
  if (call.dryRun) return renderOne(call, 200, { dry_run: true, would: 'delete', count: mine.length })
  // Some at a time: each group shares a revision, and a large kind does not fill the queue.
  let removed = 0
  for (let i = 0; i < mine.length; i += 1000) {
    const some = mine.slice(i, i + 1000).map(entity => control.change(removalOf(call, entity)))
    for (const { changed } of await Promise.all(some)) if (changed) removed++
  }
  if (removed > 0) tellDeletedAll(call, definition, removed)
  return { status: 204 }
}

function removalOf(call: Call, entity: IndexedEntity): ChangeRequest {
  const { definition, id } = entity
  const { scopeField } = definition
  // It may have gone to somebody else meanwhile.
  const transition: Transition = current => ({
    action: mayWrite(call.caller, definition, current, call.services) ? 'remove' : 'keep',
  })
  const request = { definition, id, transition, origin: originOf(call.caller) }
  return scopeField === undefined ? request : { ...request, scope: String(entity.view()[scopeField]) }
}
