/** From anything thrown to the refusal the caller gets. */
import { ControlPlaneClosed, InvalidEntity } from '../control/change.ts'
import { StoreConflict, StoreFull, StoreUnavailable } from '../store/contract.ts'
import { ApiError } from './api-error.ts'
import type { Call } from './call.ts'

/** Unexpected errors are reported to `onFailure` and worded without their message, which may hold secrets. */
export function refusalOf(error: unknown, call: Pick<Call, 'services' | 'method' | 'path'>): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof InvalidEntity) return invalidEntity(error)
  if (error instanceof StoreConflict)
    return new ApiError(409, 'admin.conflict', 'conflict', 'others kept writing the same entity, try again')
  if (error instanceof StoreFull)
    return new ApiError(
      507,
      'admin.store_full',
      'store_full',
      'the store has no room left, nothing was written',
    )
  if (error instanceof StoreUnavailable || error instanceof ControlPlaneClosed)
    return new ApiError(
      503,
      'admin.store_unavailable',
      'store_unavailable',
      'the store does not confirm the change, try again',
    )
  report(error, call)
  return new ApiError(500, 'admin.internal', 'internal_server_error', 'the admin API failed, see the log')
}

/** Names each faulty path and the rule that failed. */
export function invalidEntity(error: InvalidEntity): ApiError {
  const sentences = error.faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  return new ApiError(400, 'admin.invalid_entity', 'bad_request', sentences, { faults: error.faults })
}

function report(
  error: unknown,
  { services, method, path }: Pick<Call, 'services' | 'method' | 'path'>,
): void {
  const what = `${method} ${path}`
  if (services.onFailure !== undefined) services.onFailure(error, what)
  else process.emitWarning(error instanceof Error ? error : String(error), { type: 'AdminApi', detail: what })
}
