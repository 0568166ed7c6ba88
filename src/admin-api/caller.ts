/**
 * Who is calling, and the one place where rights are checked.
 *
 * Guarantees: a caller whose limits cannot be evaluated yet has no rights at all (law 1). A key without the metadata
 * `otoroshi-access-rights` and without an acting user has all rights, as upstream.
 */
import type { HeaderBlock } from '../http/headers.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { definitionOf } from '../model/registry.ts'
import { isObject } from '../model/types/shape.ts'
import { ApiError } from './api-error.ts'
import type { AdminApiServices } from './services.ts'

export interface Caller {
  /** Client id of the API key, null when the gateway named none. */
  readonly clientId: string | null
  /** Current organization. */
  readonly tenant: string
  /** `none`: limited to rights that this version cannot evaluate. */
  readonly rights: 'all' | 'none'
}

/** The caller by the headers of the request. */
export function callerOf(headers: HeaderBlock, services: AdminApiServices): Caller {
  const header = services.callerHeader?.toLowerCase()
  const clientId = header === undefined ? null : (headers.get(header) ?? null)
  const limited =
    headers.has('otoroshi-backoffice-user') || (header !== undefined && !hasAllRights(clientId, services))
  return {
    clientId,
    tenant: headers.get('otoroshi-tenant') ?? 'default',
    rights: limited ? 'none' : 'all',
  }
}

// A gateway that names callers names all of them: nobody, or a key that is gone, is no super admin.
function hasAllRights(clientId: string | null, services: AdminApiServices): boolean {
  const definition = definitionOf('Apikey')
  const key = definition === null || clientId === null ? null : services.control.get(definition, clientId)
  if (key === null) return false
  const metadata = key.view()['metadata']
  return isObject(metadata) && !Object.hasOwn(metadata, 'otoroshi-access-rights')
}

/** True when the caller may see the entity. */
export function mayRead(caller: Caller, _definition: EntityDefinition, _entity: unknown): boolean {
  return caller.rights === 'all'
}

/** True when the caller may write what is there (`null`: nothing) and what will be there. */
export function mayWrite(caller: Caller, _definition: EntityDefinition, _entity: unknown): boolean {
  return caller.rights === 'all'
}

/** Refuses callers without any rights before anything else is done. */
export function requireRights(caller: Caller): void {
  if (caller.rights === 'all') return
  throw new ApiError(
    403,
    'admin.rights_not_evaluated',
    "You're not authorized here !",
    'rights of limited callers are not evaluated by this version',
  )
}
