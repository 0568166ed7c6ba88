/** `/api/globalconfig`: the one global configuration. */
import { globalConfig } from '../model/kinds/global-config.ts'
import { notFound } from './api-error.ts'
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

const id = globalConfig.singleton ?? 'global'

/** `GET /api/globalconfig/_template`. */
export async function settingsTemplate(call: Call): Promise<Reply> {
  return jsonReply(200, templateOf(call, globalConfig))
}

/** `GET /api/globalconfig`. */
export async function getSettings(call: Call): Promise<Reply> {
  requireSuper(call.caller)
  const entity = call.services.control.get(globalConfig, id)
  if (entity === null) throw notFound('entity not found')
  const headers = [['ETag', entityTag(entity)]] as const
  if (isKnown(call.headers, entity)) return { status: 304, headers }
  const fields = call.query
    .get('fields')
    ?.split(',')
    .map(path => path.trim().split('.'))
  return jsonReply(200, fields === undefined ? entity.view() : project(entity.view(), fields), headers)
}

/** `PUT /api/globalconfig`. */
export async function replaceSettings(call: Call): Promise<Reply> {
  const content = await readContent(call)
  return written(call, await replace(call, globalConfig, id, content, { ...options, mustExist: false }))
}

/** `PATCH /api/globalconfig`. */
export async function patchSettings(call: Call): Promise<Reply> {
  return written(call, await patch(call, globalConfig, id, await readPatch(call), options))
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
