/**
 * `/api/admins/simple` and `/api/admins/webauthn`: administrators with a password and those with a passkey besides
 * (reference, 5.6).
 */
import type { EntityDefinition } from '../model/entity.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError, badRequest, methodNotAllowed, notBuilt } from './api-error.ts'
import type { Call } from './call.ts'
import { readContent } from './decode.ts'
import { mayRead } from './entity-rights.ts'
import { viewOf } from './entity-view.ts'
import { create, remove, replace } from './entity-writes.ts'
import { jsonReply, type Reply } from './reply.ts'

const options = { stamped: false, conditional: true } as const

/** Answers, or null when there is no such path. */
export function adminsApi(
  call: Call,
  definition: EntityDefinition,
  rest: readonly string[],
): Promise<Reply> | null {
  const [username] = rest
  // The passkey is named behind its administrator; they go together.
  const byPasskey = definition.kind === 'WebauthnAdminUser' && rest.length === 2 && call.method === 'DELETE'
  if (rest.length > 1 && !byPasskey) return null
  if (username === undefined) return collection(call, definition)
  if (username === '_template') return Promise.reject(notBuilt('the template of administrators'))
  return one(call, definition, username)
}

async function collection(call: Call, definition: EntityDefinition): Promise<Reply> {
  const { control } = call.services
  if (call.method === 'GET')
    return jsonReply(
      200,
      control
        .list(definition)
        .filter(user => mayRead(call.caller, definition, user))
        .map(viewOf),
    )
  if (call.method !== 'POST') throw methodNotAllowed()
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

async function one(call: Call, definition: EntityDefinition, username: string): Promise<Reply> {
  const user = call.services.control.get(definition, username)
  if (user === null || !mayRead(call.caller, definition, user))
    throw new ApiError(404, 'admin.not_found', 'user not found', 'user not found')
  switch (call.method) {
    case 'GET':
      return jsonReply(200, viewOf(user))
    case 'PUT': {
      const value = await entityOf(call)
      const put = { ...options, mustExist: true }
      const { after } = await replace(call, definition, username, { form: 'value', value }, put)
      return jsonReply(200, after === null ? null : viewOf(after))
    }
    case 'DELETE':
      await remove(call, definition, username, options)
      return jsonReply(200, { done: true })
    default:
      throw methodNotAllowed()
  }
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
