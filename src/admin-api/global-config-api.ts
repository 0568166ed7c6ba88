/** `/api/globalconfig`: the one global configuration. */
import type { EntityDefinition } from '../model/entity.ts'
import { methodNotAllowed, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { entityTag, isKnown } from './conditions.ts'
import { readContent, readPatch } from './decode.ts'
import { patch, replace, type Written } from './entity-writes.ts'
import { diffJson } from './json-diff.ts'
import { project } from './list-query.ts'
import { jsonReply, type Reply } from './reply.ts'
import { templateOf } from './templates.ts'

const options = { stamped: false, conditional: true } as const

/** Answers, or null when there is no such path. */
export function globalConfigApi(
  call: Call,
  definition: EntityDefinition,
  rest: readonly string[],
): Promise<Reply> | null {
  if (rest.length === 1 && rest[0] === '_template') return template(call, definition)
  return rest.length === 0 ? settings(call, definition) : null
}

async function template(call: Call, definition: EntityDefinition): Promise<Reply> {
  if (call.method !== 'GET') throw methodNotAllowed()
  return jsonReply(200, templateOf(call, definition))
}

async function settings(call: Call, definition: EntityDefinition): Promise<Reply> {
  const id = definition.singleton ?? 'global'
  switch (call.method) {
    case 'GET': {
      requireSuper(call.caller)
      const entity = call.services.control.get(definition, id)
      if (entity === null) throw notFound('entity not found')
      const headers = [['ETag', entityTag(entity)]] as const
      if (isKnown(call.headers, entity)) return { status: 304, headers }
      const fields = call.query
        .get('fields')
        ?.split(',')
        .map(path => path.trim().split('.'))
      return jsonReply(200, fields === undefined ? entity.view() : project(entity.view(), fields), headers)
    }
    case 'PUT': {
      const content = await readContent(call)
      return written(call, await replace(call, definition, id, content, { ...options, mustExist: false }))
    }
    case 'PATCH':
      return written(call, await patch(call, definition, id, await readPatch(call), options))
    default:
      throw methodNotAllowed()
  }
}

function written(call: Call, { before, after }: Written): Reply {
  if (after === null) throw notFound()
  if (!call.dryRun) return jsonReply(200, after.view(), [['ETag', entityTag(after)]])
  const diff = diffJson(before?.view() ?? {}, after.view())
  return jsonReply(200, {
    dry_run: true,
    would: diff.length === 0 ? 'nothing' : 'update',
    diff,
    entity: after.view(),
  })
}
