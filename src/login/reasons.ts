/**
 * Why a login is refused: part of the catalogue of reasons (docs/reasons.md), with status and cause id of upstream. Words for
 * people are those of the pages.
 */
export const loginReasons = {
  'login.unknown_page': [404, 'not_found', 'There is no such page on the host of logins.'],
  'login.unknown_route': [404, 'errors.service.not.found', 'The login names a route that does not exist.'],
  'login.not_private': [
    404,
    'errors.service.auth.not.configured',
    'The route that is named has no auth module to log in through or to leave.',
  ],
  'login.module_not_chosen': [
    500,
    'errors.multi.auth.config.ref.not.found',
    'The route has several auth modules and the login names none of them.',
  ],
  'login.module_missing': [
    500,
    'errors.auth.config.not.found',
    'The auth module does not exist, is not valid, or is of a type that is not part of this version.',
  ],
  'login.missing_parameters': [400, 'errors.missing.parameters', 'A parameter of the login is missing.'],
  'login.bad_signature': [400, 'errors.auth.bad.signature', 'The signature of a link to the login is wrong.'],
  'login.stale': [
    400,
    'errors.auth.bad.signature',
    'The login was begun in another browser or too long ago, or was finished already.',
  ],
  'login.bad_link': [
    400,
    'errors.invalid.redirection.url',
    'The link that ends a login is wrong, too old, or was used already.',
  ],
  'login.refused': [
    400,
    'errors.auth.unauthorized',
    'Name or password is wrong, or the user is not allowed in.',
  ],
  'login.barred': [
    404,
    'errors.auth.unauthorized',
    'The administrator is on the list of those who are barred.',
  ],
  'login.too_many': [
    429,
    'errors.too.many.requests',
    'Too many logins failed for this name or from this address; `Retry-After` says how long to wait.',
  ],
  'login.provider_failed': [500, 'errors.auth.provider', 'The auth module, or a server it asks, failed.'],
  'login.no_session': [401, 'errors.invalid.session', 'There is no session, or it is over.'],
  'login.bad_origin': [417, 'errors.bad.origin', 'A page of another origin wants to change something.'],
  'login.bad_request': [400, 'errors.client.error', 'The request of a login cannot be read.'],
  'login.failed': [500, 'internal_server_error', 'The login itself failed.'],
} as const satisfies Record<string, readonly [number, string, string]>

export type LoginReason = keyof typeof loginReasons

/** Status of a refusal. */
export function statusOf(reason: LoginReason): number {
  return loginReasons[reason][0]
}
