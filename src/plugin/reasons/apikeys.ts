/** Of API keys, consumers and limits. */
import type { ReasonRows } from './rows.ts'

export const apikeys = {
  'apikey.missing': [
    400,
    'no apikey',
    'errors.no.api.key',
    'The route wants an API key and the request has none.',
  ],
  'apikey.unknown': [
    400,
    'invalid apikey tuple',
    'errors.invalid.api.key.tuple',
    'No API key has this id, or the key is not granted on the route.',
  ],
  'apikey.bad': [
    401,
    'bad apikey',
    'errors.bad.api.key',
    'What proves the API key (secret, token, bearer) is wrong, or the key is disabled or expired.',
  ],
  'apikey.invalid': [
    401,
    'invalid apikey',
    'errors.invalid.api.key',
    'The tags or metadata of the API key do not fit the constraints of the route.',
  ],
  'apikey.forbidden': [
    403,
    'Forbidden',
    'errors.forbidden',
    'The restrictions of the API key forbid the method or the path.',
  ],
  'apikey.hidden': [404, 'Not Found', 'errors.not.found', 'The restrictions of the API key hide the path.'],
  'apikey.tags_missing': [
    403,
    'forbidden',
    'errors.no.matching.tags',
    'The API key lacks a tag that the route wants.',
  ],
  'apikey.metadata_missing': [
    403,
    'forbidden',
    'errors.no.matching.metadata',
    'The API key lacks metadata that the route wants.',
  ],
  'apikey.login_needed': [
    401,
    'not authorized',
    'errors.auth.unauthorized',
    'The route wants the id and secret of an API key as basic credentials, and they are missing or wrong.',
  ],
  'consumer.missing': [
    401,
    "You're not authorized here !",
    'errors.auth.unauthorized',
    'The route wants an API key or a user, and nobody is known.',
  ],
  'consumer.not_authorized': [
    401,
    'Not authorized',
    'errors.unauthorized',
    'The path is private, and the request has neither an API key nor a user that may see it.',
  ],
  'consumer.not_allowed': [
    403,
    'forbidden',
    'errors.forbidden',
    'The user is none of those that the route is for, or nobody has a role that it wants.',
  ],
  'apikey.quotas_exceeded': [
    429,
    'You performed too much requests',
    'errors.too.much.requests',
    'A quota of the API key, or its limit per window, is used up.',
  ],
  'limit.global': [
    429,
    '[GLOBAL] You performed too much requests',
    'errors.too.much.requests',
    'All routes together got more calls per window than the global configuration allows.',
  ],
  'limit.address': [
    429,
    '[IP] You performed too much requests',
    'errors.too.much.requests',
    'The client address made more calls per window than the global configuration allows.',
  ],
  'limit.exceeded': [
    429,
    'Too much requests',
    'errors.too.much.requests',
    'A limiter of the route has no call left.',
  ],
  'limit.quotas_exceeded': [
    403,
    'forbidden',
    'errors.quotas.exceeded',
    'A quota of the route, or of a group of its callers, is used up.',
  ],
  'limit.bandwidth': [
    413,
    'Bandwidth limit exceeded',
    'errors.bandwidth.limit.exceeded',
    'More bytes went through the route, or a group of its calls, than a plugin allows.',
  ],
  'consumer.no_session': [
    401,
    'Invalid session',
    'errors.invalid.session',
    'Who is calling is asked for on a route with logins, and nobody is logged in.',
  ],
  too_many_requests: [
    429,
    'Cannot process more request',
    'errors.cant.process.more.request',
    'More requests are in flight than the global limit.',
  ],
} as const satisfies ReasonRows
