/** `/apis/{group}/{version}/{entity}`: the same operations for every kind (reference, 3). */
import type { ChangeRequest, Transition } from '../control/change.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { jsonSchema } from '../model/json-schema.ts'
import { definitions, findDefinition } from '../model/registry.ts'
import { ApiError, methodNotAllowed, notFound } from './api-error.ts'
import { tellDeletedAll } from './audit.ts'
import type { Call } from './call.ts'
import { originOf } from './caller.ts'
import { mayRead, mayWrite } from './entity-rights.ts'
import { entityTag, isKnown } from './conditions.ts'
import { readContent, readPatch } from './decode.ts'
import { brokenBy, entityReferences, usedByHeaders } from './entity-references.ts'
import { entityStatus } from './entity-status.ts'
import { countReadable, listEntities } from './entity-list.ts'
import { kindLabel, show, withKind } from './entity-view.ts'
import { create, findStored, patch, remove, replace } from './entity-writes.ts'
import { genericBulk } from './generic-bulk.ts'
import { project } from './list-query.ts'
import { renderList, renderOne } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { templateOf } from './templates.ts'
import { versionsApi } from './versions-api.ts'
import { deprecation, dryRun, type Fields, written } from './written-reply.ts'

const stamped = { stamped: true, conditional: true } as const

const belowEntity = new Set(['_status', '_references', '_versions'])

/** Answers a call under `/apis`, or null when it is no resource path. */
export function genericApi(call: Call): Promise<Reply> | null {
  const { segments } = call
  if (segments.length === 2 && segments[1] === 'entities') return listKinds(call)
  const versions = segments[5] === '_versions' && segments.length <= 8
  if ((segments.length < 4 || segments.length > 6) && !versions) return null
  const [, group = '', version = '', entity = ''] = segments
  const definition = findDefinition(group, version, entity)
  if (definition === null) return segments.length > 5 ? null : Promise.reject(unknownKind())
  if (segments.length === 6 && !belowEntity.has(segments[5]!)) return null
  // No entity, though it stands where ids do.
  if (definition.kind === 'Api' && segments[4] === '_openapi') return null
  const answer = versions
    ? versionsApi(call, definition, segments[4]!, segments.slice(6))
    : resource(call, definition, segments[4] ?? null)
  return answer.catch(error => {
    // Errors name the kind, as every object of this API does.
    if (error instanceof ApiError && error.more['kind'] === undefined)
      throw new ApiError(error.status, error.reason, error.code, error.description, {
        ...error.more,
        kind: kindLabel(definition),
      })
    throw error
  })
}

function unknownKind(): ApiError {
  return new ApiError(404, 'admin.not_found', 'not_found', 'resource not found', {
    kind: 'proxy.otoroshi.io/Unknown',
  })
}

async function listKinds(call: Call): Promise<Reply> {
  if (call.method !== 'GET') throw methodNotAllowed()
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

async function resource(call: Call, definition: EntityDefinition, id: string | null): Promise<Reply> {
  if (id === null) return collection(call, definition)
  switch (id) {
    case '_bulk':
      return genericBulk(call, definition)
    case '_count':
      return count(call, definition)
    case '_schema':
      onlyGet(call)
      return renderOne(call, 200, withKind(definition, { ...(await jsonSchema(definition)) }))
    case '_template':
      onlyGet(call)
      return jsonReply(200, templateOf(call, definition))
    default:
      if (call.segments[5] === '_references') return entityReferences(call, definition, id)
      if (call.segments.length === 6) return entityStatus(call, definition, id)
      return one(call, definition, id)
  }
}

function onlyGet(call: Call): void {
  if (call.method !== 'GET') throw methodNotAllowed()
}

async function collection(call: Call, definition: EntityDefinition): Promise<Reply> {
  switch (call.method) {
    case 'GET':
      return list(call, definition)
    case 'POST':
      offered(definition.access.create)
      return written(call, 201, await create(call, definition, await readContent(call), stamped))
    case 'DELETE':
      offered(definition.access.delete)
      return removeAll(call, definition)
    default:
      throw methodNotAllowed()
  }
}

async function one(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  switch (call.method) {
    case 'GET':
      return getOne(call, definition, id)
    case 'POST':
      return upsert(call, definition, id)
    case 'PUT': {
      offered(definition.access.update)
      const options = { ...stamped, mustExist: true }
      return written(call, 200, await replace(call, definition, id, await readContent(call), options))
    }
    case 'PATCH':
      offered(definition.access.update)
      return written(call, 200, await patch(call, definition, id, await readPatch(call), stamped))
    case 'DELETE':
      offered(definition.access.delete)
      return removeOne(call, definition, id)
    default:
      throw methodNotAllowed()
  }
}

/** Throws 405 when the kind does not offer the operation. */
export function offered(operation: boolean): void {
  if (!operation) throw methodNotAllowed()
}

async function removeOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const broken = await brokenBy(call, definition, id)
  const result = await remove(call, definition, id, stamped)
  if (call.dryRun) return dryRun(call, result, { used_by: broken?.users ?? [], hidden: broken?.hidden ?? 0 })
  return written(call, 200, result, usedByHeaders(broken))
}

async function list(call: Call, definition: EntityDefinition): Promise<Reply> {
  offered(definition.access.read)
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

async function count(call: Call, definition: EntityDefinition): Promise<Reply> {
  onlyGet(call)
  offered(definition.access.read)
  return renderOne(call, 200, { count: await countReadable(call, definition), kind: kindLabel(definition) })
}

async function getOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  offered(definition.access.read)
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

async function upsert(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const exists = findStored(call, definition, id) !== null
  offered(exists ? definition.access.update : definition.access.create)
  const result = await replace(call, definition, id, await readContent(call), {
    ...stamped,
    mustExist: false,
  })
  if (result.before === null) return written(call, 201, result)
  return written(call, 200, result, [['Otoroshi-Entity-Updated', String(result.changed)]])
}

async function removeAll(call: Call, definition: EntityDefinition): Promise<Reply> {
  const { control } = call.services
  const mine = control
    .list(definition)
    .filter(entity => mayWrite(call.caller, definition, entity, call.services))
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
