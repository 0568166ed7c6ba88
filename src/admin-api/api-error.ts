/** Refusals of the admin API: one class, thrown anywhere below the handler, worded as upstream words them. */

/** Why a call is refused, for programs. In `reason` of the body and in `Otoroshi-Error-Reason`. */
export const adminReasons = {
  'admin.unauthorized': 'The call does not come through the gateway, or its caller lacks the rights.',
  'admin.read_only': 'The global configuration has apiReadOnly.',
  'admin.bad_request': 'The body or a parameter cannot be read.',
  'admin.invalid_entity': 'The entity does not fit its schema.',
  'admin.bad_patch': 'The patch cannot be read or does not apply.',
  'admin.body_too_large': 'The body is longer than the limit.',
  'admin.bad_content_type': 'The content type is not understood here.',
  'admin.not_found': 'There is no such path or entity.',
  'admin.refused_by_validator':
    'A validator that holds for the acting user refuses the entity: see error_description.',
  'admin.exists': 'An entity has this id already.',
  'admin.method_not_allowed': 'The path does not take this method, or the kind does not offer the operation.',
  'admin.precondition_failed': 'If-Match or If-None-Match does not hold.',
  'admin.change_refused': 'The entity is valid, and may not become so from what it is: see error.',
  'admin.in_use': 'Others refer to the entity, and the call asked for one that is not used.',
  'admin.conflict': 'Others kept writing the same entity.',
  'admin.changed_since': 'The entity has changed since the change that was to be undone.',
  'admin.locked_out':
    'The import would close the admin API, so that nobody could repair it: see error_description.',
  'admin.not_built': 'The feature behind the endpoint is not part of this version.',
  'admin.store_unavailable': 'The store cannot be reached or cannot write.',
  'admin.store_full': 'The store has no room left: the disk, or the memory of the server, is full.',
  'admin.internal': 'The admin API itself failed.',
} as const

export type AdminReason = keyof typeof adminReasons

export class ApiError extends Error {
  readonly status: number
  readonly reason: AdminReason
  /** Value of `error`. */
  readonly code: string
  /** Value of `error_description`. */
  readonly description: unknown
  /** More fields of the body. */
  readonly more: Readonly<Record<string, unknown>>
  /** More fields of the head. */
  readonly headers: ReadonlyArray<readonly [string, string]>

  constructor(
    status: number,
    reason: AdminReason,
    code: string,
    description: unknown,
    more: Readonly<Record<string, unknown>> = {},
    headers: ReadonlyArray<readonly [string, string]> = [],
  ) {
    super(typeof description === 'string' ? description : JSON.stringify(description))
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
    this.code = code
    this.description = description
    this.more = more
    this.headers = headers
  }

  /** The JSON body. */
  body(): Record<string, unknown> {
    return { error: this.code, error_description: this.description, ...this.more, reason: this.reason }
  }
}

export function badRequest(description: unknown, reason: AdminReason = 'admin.bad_request'): ApiError {
  return new ApiError(400, reason, 'bad_request', description)
}

export function notFound(description = 'resource not found'): ApiError {
  return new ApiError(404, 'admin.not_found', 'not_found', description)
}

export function notBuilt(feature: string): ApiError {
  return new ApiError(501, 'admin.not_built', 'not_implemented', `${feature} is not part of this version`)
}

/** `allowed`: the methods the path takes, told in `Allow` (RFC 9110, 15.5.6); null when they are not known. */
export function methodNotAllowed(
  description = 'you cannot do that',
  allowed: readonly string[] | null = null,
): ApiError {
  const headers = allowed === null ? [] : ([['Allow', [...new Set(allowed)].join(', ')]] as const)
  return new ApiError(405, 'admin.method_not_allowed', 'method_not_allowed', description, {}, headers)
}
