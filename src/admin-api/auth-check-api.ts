/** Whether an auth module works, stored or not, before users find out (reference: auth modules, 6.2). */
import { InvalidEntity } from '../control/change.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { type AuthModule, authModule as moduleKind } from '../model/kinds/auth-module.ts'
import { readEntity } from '../model/read.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest, notFound } from './api-error.ts'
import type { Call } from './call.ts'
import { readContent } from './decode.ts'
import { mayWrite } from './entity-rights.ts'
import { findStored } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

/** Somebody to try a module with. */
export interface TriedUser {
  readonly username: string
  readonly password: string
}

/** What came of it; field names are upstream's. `user`: who it is, without tokens. */
export interface AuthCheck {
  readonly works: boolean
  readonly error?: string
  readonly user?: Readonly<Record<string, unknown>>
}

/** Tries modules. `from`: address of the client, for whoever counts failures. Never rejects. */
export type AuthModuleCheck = (
  module: Readonly<AuthModule>,
  user: TriedUser | null,
  from: string,
) => Promise<AuthCheck>

const definition = moduleKind as EntityDefinition

/** `POST /api/auths/_check`: a module, or `{user, config}`. */
export async function checkAuthModule(call: Call): Promise<Reply> {
  const sent = await sentOf(call)
  const config = isObject(sent['config']) ? sent['config'] : sent
  return tried(call, config, sent === config ? null : userIn(sent['user'], 'user'))
}

/** `POST /api/auths/:id/_check`: `{username, password}`, or the same as `user`, or nothing. */
export async function checkStoredAuthModule(call: Call, id: string): Promise<Reply> {
  const stored = findStored(call, definition, id)
  // What may not be changed is not told apart from what is not there: to try is to reach what the module reaches.
  if (stored === null || !mayWrite(call.caller, definition, stored, call.services))
    throw notFound(`there is no auth module ${JSON.stringify(id)}`)
  const sent = await sentOf(call)
  const user = sent['user'] ?? (sent['username'] === undefined ? null : sent)
  return tried(call, stored.view(), userIn(user, 'user'))
}

async function sentOf(call: Call): Promise<Readonly<Record<string, unknown>>> {
  if (call.exchange.bodyLength === 0) return {}
  const content = await readContent(call)
  if (content.form !== 'value' || !isObject(content.value)) throw badRequest(['Expected an object'])
  return content.value
}

function userIn(value: unknown, place: string): TriedUser | null {
  if (value === undefined || value === null) return null
  const { username, password } = isObject(value) ? value : {}
  if (typeof username !== 'string' || typeof password !== 'string')
    throw badRequest([`${place}: Expected username and password`])
  return { username, password }
}

async function tried(call: Call, config: unknown, user: TriedUser | null): Promise<Reply> {
  const { services, caller } = call
  if (services.checkAuthModule === undefined) throw notFound()
  const read = readEntity(definition, config)
  if (!read.ok) throw new InvalidEntity(definition.kind, read.faults)
  if (!mayWrite(caller, definition, read.value, services))
    throw new ApiError(403, 'admin.unauthorized', 'forbidden', "You're not allowed to do this !")
  return jsonReply(200, await services.checkAuthModule(read.value as AuthModule, user, caller.from ?? ''))
}
