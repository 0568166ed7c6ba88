/** `/api/admin-sessions`, `/api/apps-sessions`: who is logged in, and the end of it (auth modules, 5.3). */
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf } from '../model/registry.ts'
import { ApiError } from './api-error.ts'
import { tellSessionsEnded } from './audit.ts'
import type { Call } from './call.ts'
import { requireSuper } from './caller.ts'
import { mayRead } from './entity-rights.ts'
import { findStored, remove } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

const options = { stamped: false, conditional: false } as const

/** `DELETE …/:id`. */
export async function endSession(call: Call, definition: EntityDefinition, id: string): Promise<Reply> {
  const session = findStored(call, definition, id)
  if (session === null || !mayRead(call.caller, definition, session))
    throw missing(definition.kind === 'AdminSession' ? 'Session not found !' : 'Session not found')
  await remove(call, definition, id, options)
  return jsonReply(200, { done: true })
}

/** `DELETE …`: ends all of them. */
export async function endSessions(call: Call, definition: EntityDefinition): Promise<Reply> {
  requireSuper(call.caller)
  await endEach(
    call,
    definition,
    call.services.control.list(definition).map(({ id }) => id),
    null,
  )
  return jsonReply(200, { done: true })
}

/** `DELETE /api/apps-sessions-module/:id`: ends every session that came through an auth module. */
export async function endSessionsOfModule(call: Call, moduleId: string): Promise<Reply> {
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
    moduleId,
  )
  return jsonReply(200, { done: true })
}

// Some at a time: each group shares a commit, and many sessions do not fill the queue.
async function endEach(
  call: Call,
  definition: EntityDefinition,
  ids: readonly string[],
  moduleId: string | null,
): Promise<void> {
  let ended = 0
  for (let i = 0; i < ids.length; i += 1000) {
    const some = await Promise.all(ids.slice(i, i + 1000).map(id => endIfThere(call, definition, id)))
    ended += some.filter(Boolean).length
  }
  if (ended > 0 && !call.dryRun) tellSessionsEnded(call, definition, ended, moduleId)
}

async function endIfThere(call: Call, definition: EntityDefinition, id: string): Promise<boolean> {
  try {
    return (await remove(call, definition, id, { ...options, untold: true })).changed
  } catch (error) {
    // Ended by somebody else meanwhile.
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    return false
  }
}

function missing(message: string): ApiError {
  return new ApiError(404, 'admin.not_found', message, message)
}
