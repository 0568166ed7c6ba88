/** `/api/<kind>`: the older operations, without `kind`, times or indentation (reference, 4). */
import { InvalidEntity } from '../control/change.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, methodNotAllowed, notFound } from './api-error.ts'
import { bulkReply, requireNdjson } from './bulk.ts'
import type { Call } from './call.ts'
import { mayRead } from './entity-rights.ts'
import { entityTag, isKnown } from './conditions.ts'
import { type Content, readContent, readPatch } from './decode.ts'
import { listEntities } from './entity-list.ts'
import { brokenBy, usedByHeaders } from './entity-references.ts'
import { diffEntities, viewOf } from './entity-view.ts'
import { create, findStored, patch, remove, replace, type Written } from './entity-writes.ts'
import { failedLine, lineHandler } from './generic-bulk.ts'
import { project } from './list-query.ts'
import { mergePatch } from './merge-patch.ts'
import { invalidEntity, refusalOf } from './refusal.ts'
import { formOf, renderList } from './rendering.ts'
import { jsonReply, type Reply } from './reply.ts'
import { templateOf } from './templates.ts'

const options = { stamped: false, conditional: true } as const

/** `POST /api/<kinds>`. */
export async function createLegacy(call: Call, definition: EntityDefinition): Promise<Reply> {
  return createFrom(call, definition, await readContent(call))
}

/** The same with content that was read before. */
export function createFrom(call: Call, definition: EntityDefinition, content: Content): Promise<Reply> {
  return worded(definition, 'creation', content, async () =>
    written(call, 201, await create(call, definition, content, options)),
  )
}

/** `GET /api/<kinds>`. */
export async function listLegacy(call: Call, definition: EntityDefinition): Promise<Reply> {
  const { entities, query, readable } = await listEntities(call, definition, filterOf(call, definition))
  const { fields, page } = query
  const pageSize = Math.min(query.pageSize, 2_147_483_647)
  const shown = function* () {
    for (const entity of entities) yield fields === null ? viewOf(entity) : project(viewOf(entity), fields)
  }
  const headers = [
    ['X-Count', String(readable)],
    ['X-Offset', String((page - 1) * pageSize)],
    ['X-Page', String(page)],
    ['X-Page-Size', String(pageSize)],
  ] as const
  return renderList(compact(call), shown(), definition, headers)
}

// Filters of single kinds: `?keypair=true` of certificates, `?types=` of auth modules.
function filterOf(
  call: Call,
  { kind }: EntityDefinition,
): ((entity: Record<string, unknown>) => boolean) | null {
  if (kind === 'Certificate' && call.query.get('keypair') === 'true')
    return entity => entity['keypair'] === true
  const types = kind === 'AuthModule' ? call.query.getAll('types') : []
  return types.length === 0 ? null : entity => types.includes(String(entity['type']))
}

/** The call as one for compact JSON, or NDJSON: nothing else. */
export function compact(call: Call): Call {
  const query = new URLSearchParams({ pretty: 'false' })
  const ndjson = formOf(call) === 'ndjson'
  const headers = call.headers.clone()
  headers.set('Accept', ndjson ? 'application/x-ndjson' : 'application/json')
  return { ...call, query, headers }
}

/** `PUT /api/<kinds>/:id`. */
export async function replaceLegacy(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const content = await readContent(call)
  const put = () => replace(call, definition, id, content, { ...options, mustExist: true })
  return worded(definition, 'update', content, async () => written(call, 200, await put()))
}

/** `PATCH /api/<kinds>/:id`. */
export async function patchLegacy(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const apply = await readPatch(call)
  return worded(definition, 'update', null, async () =>
    written(call, 200, await patch(call, definition, id, apply, options)),
  )
}

/** `DELETE /api/<kinds>/:id`. */
export function removeLegacy(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  return worded(definition, 'delete', null, () => removeOne(call, definition, id))
}

/** `GET /api/<kinds>/:id`. */
export async function getLegacy(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const entity = findStored(call, definition, id)
  if (entity === null) throw notFound('entity not found')
  if (!mayRead(call.caller, definition, entity))
    throw new ApiError(403, 'admin.unauthorized', 'forbidden', "You're not allowed to do this !")
  const headers = [['ETag', entityTag(entity)]] as const
  if (isKnown(call.headers, entity)) return { status: 304, headers }
  const fields = call.query
    .get('fields')
    ?.split(',')
    .map(name => [name.trim()])
  return jsonReply(200, fields === undefined ? viewOf(entity) : project(viewOf(entity), fields), headers)
}

function written(call: Call, status: number, { before, after, changed }: Written): Reply {
  if (after === null) throw notFound()
  const view = viewOf(after)
  if (!call.dryRun) return jsonReply(status, view, [['ETag', entityTag(after)]])
  const would = !changed ? 'nothing' : before === null ? 'create' : 'update'
  const diff = before === null ? [{ op: 'add', path: '', value: view }] : diffEntities(before, after)
  return jsonReply(200, { dry_run: true, would, diff, entity: view })
}

async function removeOne(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const broken = await brokenBy(call, definition, id)
  const { before } = await remove(call, definition, id, options)
  if (!call.dryRun) return jsonReply(200, { deleted: true }, usedByHeaders(broken))
  return jsonReply(200, {
    dry_run: true,
    would: 'delete',
    diff: [{ op: 'remove', path: '' }],
    entity: before === null ? undefined : viewOf(before),
    used_by: broken?.users ?? [],
    hidden: broken?.hidden ?? 0,
  })
}

/** `POST /api/<kinds>/_template`: the template with the body merged over it, not stored. */
export async function completeLegacy(call: Call, definition: EntityDefinition): Promise<Reply> {
  const base = templateOf(call, definition)
  const content = await readContent(call)
  if (content.form === 'patch') return jsonReply(201, content.apply(base))
  return jsonReply(201, isObject(content.value) ? mergePatch(base, content.value) : base)
}

/** `GET /api/<kinds>/_template`: parameters of the query overwrite fields. */
export async function templateLegacy(call: Call, definition: EntityDefinition): Promise<Reply> {
  const base = templateOf(call, definition)
  for (const [name, value] of call.query)
    if (name !== 'rawPassword' && name !== '__proto__') base[name] = value
  const group = call.query.get('group')
  if (definition.kind === 'Apikey' && group !== null) {
    delete base['group']
    base['authorizations'] = [{ kind: 'group', id: group }]
  }
  return jsonReply(200, base)
}

/** `/api/<kinds>/_bulk`. */
export async function legacyBulk(call: Call, definition: EntityDefinition): Promise<Reply> {
  const handle = lineHandler(call, definition, false)
  if (handle === null || !definition.access.bulk) throw methodNotAllowed()
  requireNdjson(call)
  const code = { POST: 'creation_error', PUT: 'update_error', PATCH: 'update_error', DELETE: 'delete_error' }[
    call.method
  ]
  return bulkReply(call, {
    refusalOf: error => refusalOf(error, call),
    handle: async line => {
      const { status, done, id } = await handle(line)
      return { status, [done]: true, id, ...(call.dryRun && { dry_run: true }) }
    },
    failed: (error, line) => ({
      status: error.status,
      error:
        error.status === 404 ? 'not_found' : error.reason === 'admin.invalid_entity' ? 'bad_entity' : code,
      error_description: error.description,
      ...(error.more['faults'] !== undefined && { faults: error.more['faults'] }),
      reason: error.reason,
      ...(line !== null && { entity: failedLine(definition, line) }),
    }),
  })
}

// The legacy API words its refusals in its own way.
async function worded(
  definition: EntityDefinition,
  operation: 'creation' | 'update' | 'delete',
  content: { readonly form: string; readonly value?: unknown } | null,
  write: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await write()
  } catch (error) {
    const sent = isObject(content?.value) ? failedLine(definition, content.value) : content?.value
    throw reworded(error instanceof InvalidEntity ? invalidEntity(error) : error, operation, sent)
  }
}

function reworded(error: unknown, operation: string, entity: unknown): unknown {
  if (!(error instanceof ApiError)) return error
  const { status, reason, more } = error
  if (status === 404) return new ApiError(404, reason, 'not_found', 'Entity not found', more)
  if (reason === 'admin.exists') return new ApiError(400, reason, 'not_found', 'Entity already exists', more)
  if (reason !== 'admin.invalid_entity') return error
  if (operation === 'creation') return new ApiError(400, reason, 'bad_format', 'Bad entity format', more)
  return new ApiError(400, reason, 'bad_entity', error.description, {
    ...more,
    ...(entity !== undefined && { entity }),
  })
}
