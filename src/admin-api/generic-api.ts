/** `/apis/{group}/{version}/{entity}`: the same operations for every kind (reference, 3). */
import type { ChangeRequest, Transition } from '../control/change.ts'
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { jsonSchema } from '../model/json-schema.ts'
import { definitions, findDefinition } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, methodNotAllowed, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { mayRead, mayWrite } from './entity-rights.ts'
import { entityTag, isKnown } from './conditions.ts'
import { readContent, readPatch } from './decode.ts'
import { brokenBy, entityReferences, usedByHeaders } from './entity-references.ts'
import { entityStatus } from './entity-status.ts'
import { listEntities } from './entity-list.ts'
import { kindLabel, show, withKind } from './entity-view.ts'
import { create, findStored, patch, remove, replace, type Written } from './entity-writes.ts'
import { genericBulk } from './generic-bulk.ts'
import { diffJson } from './json-diff.ts'
import { project } from './list-query.ts'
import { renderList, renderOne } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { templateOf } from './templates.ts'

const stamped = { stamped: true, conditional: true } as const

type Fields = Array<readonly [string, string]>

/** Answers a call under `/apis`, or null when it is no resource path. */
export function genericApi(call: Call): Promise<Reply> | null {
  const { segments } = call
  if (segments.length === 2 && segments[1] === 'entities') return listKinds(call)
  if (segments.length !== 4 && segments.length !== 5 && segments.length !== 6) return null
  const [, group = '', version = '', entity = ''] = segments
  const definition = findDefinition(group, version, entity)
  if (definition === null) return segments.length > 5 ? null : Promise.reject(unknownKind())
  if (segments.length === 6 && segments[5] !== '_status' && segments[5] !== '_references') return null
  // No entity, though it stands where ids do.
  if (definition.kind === 'Api' && segments[4] === '_openapi') return null
  return resource(call, definition, segments[4] ?? null).catch(error => {
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
  const { control } = call.services
  let count = 0
  for (const entity of control.list(definition)) if (mayRead(call.caller, definition, entity)) count++
  return renderOne(call, 200, { count, kind: kindLabel(definition) })
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
  for (let i = 0; i < mine.length; i += 1000)
    await Promise.all(mine.slice(i, i + 1000).map(entity => control.change(removalOf(entity))))
  return { status: 204 }
}

function removalOf(entity: IndexedEntity): ChangeRequest {
  const { definition, id } = entity
  const { scopeField } = definition
  const transition: Transition = current => ({ action: current === null ? 'keep' : 'remove' })
  if (scopeField === undefined) return { definition, id, transition }
  return { definition, id, scope: String(entity.view()[scopeField]), transition }
}

/** The answer to a write: the entity, or what would happen on a dry run. */
async function written(call: Call, status: number, result: Written, headers: Fields = []): Promise<Reply> {
  const { definition, before, after } = result
  const shown = after ?? before
  if (shown === null) throw notFound()
  if (call.dryRun) return dryRun(call, result)
  const tag: Fields = after === null ? [] : [['ETag', entityTag(after)]]
  const all = [...tag, ['X-Pages', '-1'] as const, ...headers, ...deprecation(definition)]
  return renderOne(call, status, withKind(definition, show(shown)), definition, all)
}

function dryRun(
  call: Call,
  { definition, before, after, changed }: Written,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const would = !changed ? 'nothing' : after === null ? 'delete' : before === null ? 'create' : 'update'
  const views = { before: before?.view(), after: after?.view() }
  const diff =
    isObject(views.before) && isObject(views.after)
      ? diffJson(views.before, views.after)
      : [{ op: after === null ? 'remove' : 'add', path: '', ...(after !== null && { value: views.after }) }]
  const entity = after === null ? null : show(after)
  return renderOne(call, 200, { dry_run: true, would, diff, entity, ...more, kind: kindLabel(definition) })
}

function deprecation(definition: EntityDefinition): Fields {
  return definition.deprecated === true ? [['Otoroshi-Api-Deprecated', 'yes']] : []
}
