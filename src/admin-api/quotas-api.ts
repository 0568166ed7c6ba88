/** What API keys have used of their limits, and its reset (reference, 5.3). */
import { type Apikey, apikey as apikeyKind } from '../model/kinds/apikey.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { ApiError, notFound } from './api-error.ts'
import { tellQuotasReset } from './audit.ts'
import type { Call } from './call.ts'
import { mayRead, mayWrite } from './entity-rights.ts'
import { findStored } from './entity-writes.ts'
import { type Granting, grantedKey } from './granted-keys-api.ts'
import { jsonReply, type Reply } from './reply.ts'

/** Upstream's view of what is left; field names are upstream's. */
export type QuotaView = Readonly<Record<string, number>>

/** Where calls are counted. */
export interface QuotaBook {
  read(key: Readonly<Apikey>): Promise<QuotaView>
  /** Day and month begin anew; the window goes on. Rejects when the store cannot be written. */
  reset(key: Readonly<Apikey>): Promise<QuotaView>
}

/** `GET …/apikeys/:clientId/quotas`. */
export async function readQuotas(call: Call, clientId: string): Promise<Reply> {
  const key = keyOf(call, clientId, false)
  return jsonReply(200, await bookOf(call).read(key))
}

/** `PUT` and `DELETE …/apikeys/:clientId/quotas`. */
export async function resetQuotas(call: Call, clientId: string): Promise<Reply> {
  const key = keyOf(call, clientId, true)
  if (call.dryRun) return jsonReply(200, await bookOf(call).read(key))
  const view = await bookOf(call).reset(key)
  tellQuotasReset(call, key.clientId)
  return jsonReply(200, view)
}

/** The same of a key that is granted on a service, route, group or API. */
export async function readQuotasOf(
  call: Call,
  granting: Granting,
  id: string,
  clientId: string,
): Promise<Reply> {
  return readQuotas(call, grantedKey(call, granting, id, clientId))
}

export async function resetQuotasOf(
  call: Call,
  granting: Granting,
  id: string,
  clientId: string,
): Promise<Reply> {
  return resetQuotas(call, grantedKey(call, granting, id, clientId))
}

function bookOf({ services }: Call): QuotaBook {
  if (services.quotas === undefined) throw notFound()
  return services.quotas
}

function keyOf(call: Call, clientId: string, toWrite: boolean): Apikey {
  const definition = apikeyKind as EntityDefinition
  const stored = findStored(call, definition, clientId)
  // What may not be seen is not told apart from what is not there.
  if (stored === null || !mayRead(call.caller, definition, stored)) throw missingKey(clientId)
  if (toWrite && !mayWrite(call.caller, definition, stored, call.services))
    throw new ApiError(403, 'admin.unauthorized', 'forbidden', "You're not allowed to do this !")
  const read = stored.read()
  if (!read.ok) throw new ApiError(409, 'admin.invalid_entity', 'bad_entity', 'the stored key cannot be read')
  return read.value as Apikey
}

function missingKey(clientId: string): ApiError {
  const message = `ApiKey with clientId '${clientId.slice(0, 200)}' not found`
  return new ApiError(404, 'admin.not_found', message, message)
}
