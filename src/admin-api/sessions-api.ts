/** `/api/admin-sessions`, `/api/apps-sessions`: who is logged in, and the end of it (auth modules, 5.3). */
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf } from '../model/registry.ts'
import { ApiError, methodNotAllowed } from './api-error.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { mayRead } from './entity-rights.ts'
import { findStored, remove } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

const options = { stamped: false, conditional: false } as const

/** Answers a call about single sessions, or null when `rest` is no path of theirs. `list` answers the list. */
export function sessionsApi(
  call: Call,
  definition: EntityDefinition,
  rest: readonly string[],
  list: () => Promise<Reply>,
): Promise<Reply> | null {
  const [id] = rest
  if (rest.length > 1 || id?.startsWith('_')) return null
  if (id !== undefined) return end(call, definition, id)
  return call.method === 'GET' ? list() : endAll(call, definition)
}

async function end(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  if (call.method !== 'DELETE') throw methodNotAllowed()
  const session = findStored(call, definition, id)
  if (session === null || !mayRead(call.caller, definition, session))
    throw missing(definition.kind === 'AdminSession' ? 'Session not found !' : 'Session not found')
  await remove(call, definition, id, options)
  return jsonReply(200, { done: true })
}

async function endAll(call: Call, definition: EntityDefinition): Promise<Reply> {
  if (call.method !== 'DELETE') throw methodNotAllowed()
  requireSuper(call.caller)
  await endEach(
    call,
    definition,
    call.services.control.list(definition).map(({ id }) => id),
  )
  return jsonReply(200, { done: true })
}

/** `DELETE /api/apps-sessions-module/:id`: ends every session that came through an auth module. */
export async function endSessionsOfModule(call: Call, moduleId: string): Promise<Reply> {
  if (call.method !== 'DELETE') throw methodNotAllowed()
  const modules = definitionOf('AuthModule')!
  const sessions = definitionOf('AuthModuleUser')!
  const module = findStored(call, modules, moduleId)
  if (module === null || !mayRead(call.caller, modules, module)) throw missing('auth module not found')
  const through = call.services.control
    .list(sessions)
    .filter(session => session.view()['authConfigId'] === moduleId && mayRead(call.caller, sessions, session))
  await endEach(
    call,
    sessions,
    through.map(({ id }) => id),
  )
  return jsonReply(200, { done: true })
}

// Some at a time: each group shares a commit, and many sessions do not fill the queue.
async function endEach(call: Call, definition: EntityDefinition, ids: readonly string[]): Promise<void> {
  for (let i = 0; i < ids.length; i += 1000)
    await Promise.all(ids.slice(i, i + 1000).map(id => endIfThere(call, definition, id)))
}

async function endIfThere(call: Call, definition: EntityDefinition, id: string): Promise<void> {
  try {
    await remove(call, definition, id, options)
  } catch (error) {
    // Ended by somebody else meanwhile.
    if (!(error instanceof ApiError) || error.status !== 404) throw error
  }
}

function missing(message: string): ApiError {
  return new ApiError(404, 'admin.not_found', message, message)
}
