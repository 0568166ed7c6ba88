/**
 * `/api/admins/simple` and `/api/admins/webauthn`: administrators with a password and those with a passkey besides
 * (reference, 5.6).
 */
import type { IndexedEntity } from '../control/indexed-entity.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest } from './api-error.ts'
import type { Call } from './call.ts'
import { readContent } from './decode.ts'
import { mayRead } from './entity-rights.ts'
import { viewOf } from './entity-view.ts'
import { create, remove, replace } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

const options = { stamped: false, conditional: true } as const

/** `GET /api/admins/…`. */
export async function listAdmins(call: Call, definition: EntityDefinition): Promise<Reply> {
  const users = call.services.control
    .list(definition)
    .filter(user => mayRead(call.caller, definition, user))
    .map(viewOf)
  return jsonReply(200, users)
}

/** `POST /api/admins/…`. */
export async function createAdmin(call: Call, definition: EntityDefinition): Promise<Reply> {
  const value = await entityOf(call)
  const { username, password } = value
  if (typeof username !== 'string' || typeof password !== 'string' || password === '')
    throw badRequest(['username and password: Expected text'])
  const { tenant } = call.caller
  // An administrator of one organization makes administrators of that organization.
  const rights = call.caller.rights.isSuper
    ? [{ tenant: '*:rw', teams: ['*:rw'] }]
    : [{ tenant: `${tenant}:rw`, teams: ['*:rw'] }]
  const passkeys = definition.kind === 'WebauthnAdminUser'
  const user = {
    ...(passkeys ? withCredentials(value) : value),
    password,
    label: typeof value['label'] === 'string' ? value['label'] : username,
    createdAt: Date.now(),
    type: passkeys ? 'WEBAUTHN' : 'SIMPLE',
    rights,
    ...(!call.caller.rights.isSuper && { _loc: { tenant, teams: ['default'] } }),
  }
  try {
    await create(call, definition, { form: 'value', value: user }, options)
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'admin.exists')
      throw new ApiError(400, 'admin.exists', 'user already exists', 'user already exists')
    throw error
  }
  return jsonReply(200, { username })
}

/** `GET /api/admins/…/:username`. */
export async function getAdmin(call: Call, definition: EntityDefinition, username: string): Promise<Reply> {
  return jsonReply(200, viewOf(adminNamed(call, definition, username)))
}

/** `PUT /api/admins/…/:username`. */
export async function replaceAdmin(
  call: Call,
  definition: EntityDefinition,
  username: string,
): Promise<Reply> {
  adminNamed(call, definition, username)
  const value = await entityOf(call)
  const put = { ...options, mustExist: true }
  const { after } = await replace(call, definition, username, { form: 'value', value }, put)
  return jsonReply(200, after === null ? null : viewOf(after))
}

/** `DELETE /api/admins/…/:username`; with a passkey named behind the administrator they go together. */
export async function removeAdmin(
  call: Call,
  definition: EntityDefinition,
  username: string,
): Promise<Reply> {
  adminNamed(call, definition, username)
  await remove(call, definition, username, options)
  return jsonReply(200, { done: true })
}

function adminNamed(call: Call, definition: EntityDefinition, username: string): IndexedEntity {
  const user = call.services.control.get(definition, username)
  if (user === null || !mayRead(call.caller, definition, user))
    throw new ApiError(404, 'admin.not_found', 'user not found', 'user not found')
  return user
}

// The credential of a registration, by its id.
function withCredentials({ credential, ...user }: Record<string, unknown>): Record<string, unknown> {
  if (typeof user['handle'] !== 'string' || user['handle'] === '') throw badRequest(['handle: Expected text'])
  if (credential === undefined || credential === null) return { ...user, credentials: {} }
  const keyId = isObject(credential) ? credential['keyId'] : undefined
  const id = isObject(keyId) ? keyId['id'] : undefined
  if (typeof id !== 'string' || id === '' || id === '__proto__')
    throw badRequest(['credential.keyId.id: Expected text'])
  return { ...user, credentials: { [id]: credential } }
}

async function entityOf(call: Call): Promise<Record<string, unknown>> {
  const content = await readContent(call)
  if (content.form !== 'value' || !isObject(content.value)) throw badRequest(['Expected an object'])
  return content.value
}
