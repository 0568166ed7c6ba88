/**
 * The reason catalogue (law 5): every answer the gateway makes itself carries one of these codes in
 * `Otoroshi-Error-Reason`. `cause` is upstream's cause id. `docs/reasons.md` is compared with this list by a test.
 */
export interface Reason {
  readonly status: number
  readonly message: string
  readonly cause: string
  /** When it happens, in one sentence, for the documentation. */
  readonly when: string
}

const overwhelmed =
  'Something went wrong, the backend service seems a little bit overwhelmed, you should try later. Thanks for your understanding'
const slow =
  'Something went wrong, the backend service does not respond quickly enough, you should try later. Thanks for your understanding'
const slowConsumed =
  'Something went wrong, the backend service does not respond quickly enough but consumed all the request body, you should try later. Thanks for your understanding'
const wrong = 'Something went wrong, you should try later. Thanks for your understanding.'
const refused =
  'Something went wrong, the connection to backend service was refused, you should try later. Thanks for your understanding'

const catalogue = {
  'route.not_found': [404, 'no route found !', 'not_found', 'No enabled route accepts the request.'],
  'route.invalid': [
    503,
    'Route is not ready to serve',
    'errors.route.invalid',
    'The route cannot be read or compiled; it is closed until it is corrected.',
  ],
  'plugin.unknown': [
    503,
    'Route is not ready to serve',
    'errors.plugin.unknown',
    'The route names a plugin that does not exist; it is closed until it is corrected.',
  ],
  'plugin.invalid_config': [
    503,
    'Route is not ready to serve',
    'errors.plugin.invalid.config',
    'The configuration of a plugin of the route is invalid; the route is closed until it is corrected.',
  ],
  'plugin.setup_failed': [
    503,
    'Route is not ready to serve',
    'errors.plugin.setup.failed',
    'A plugin of the route failed to start; the route is closed.',
  ],
  'plugin.failed': [
    500,
    'an error happened during plugins phase',
    'internal_server_error',
    'A plugin threw while it handled the request.',
  ],
  'plugin.refused': [403, 'Forbidden', 'errors.forbidden', 'A plugin of your own refuses the request.'],
  internal: [500, 'An internal error occurred', 'internal_server_error', 'The gateway itself failed.'],
  maintenance: [
    503,
    'Service in maintenance mode',
    'errors.service.in.maintenance',
    'The route, or the whole gateway, is in maintenance.',
  ],
  under_construction: [
    503,
    'Service under construction',
    'errors.service.under.construction',
    'The route is in build mode.',
  ],
  method_not_allowed: [
    405,
    'Method not allowed',
    'errors.method.not.allowed',
    'A plugin refuses the method.',
  ],
  http10_not_allowed: [
    503,
    'HTTP/1.0 not allowed',
    'errors.http.1_0.not.allowed',
    'A plugin refuses HTTP/1.0.',
  ],
  http1_not_spoken: [
    505,
    'HTTP/1 is not spoken on this port',
    'errors.http.1.not.spoken',
    'The listener takes HTTP/2 only.',
  ],
  ip_not_allowed: [
    403,
    'Your IP address is not allowed',
    'errors.ip.address.not.allowed',
    'The client address is not on the allowed list, or is on the blocked list.',
  ],
  cors: [404, 'Cors error', 'errors.cors.error', 'A preflight request does not fit the CORS settings.'],
  body_too_large: [
    413,
    'Response entity too large',
    'errors.failed.response.entityTooLarge',
    'A body is longer than a plugin allows.',
  ],
  request_too_large: [
    400,
    'Request is too big',
    'errors.entity.too.big',
    'The URL, a cookie or a header is longer than `otoroshi.requests` allows.',
  ],
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
  'redirect.unsafe': [
    400,
    'Bad redirection target',
    'errors.redirection.unsafe',
    'What the request holds would make a redirection lead to another host than its settings name.',
  ],
  configured_answer: [
    500,
    'Configured answer',
    'errors.configured.answer',
    'A static or mocked answer has an error status. Status and body are those of the settings.',
  ],
  not_found: [
    404,
    'Resource not found',
    'errors.resource.not.found',
    'A plugin that answers in place of the backend has no answer for the request.',
  ],
  too_many_requests: [
    429,
    'Cannot process more request',
    'errors.cant.process.more.request',
    'More requests are in flight than the global limit.',
  ],
  'backend.no_target': [
    503,
    overwhelmed,
    'errors.circuit.breaker.open',
    'The backend has no target that can be called.',
  ],
  'backend.circuit_open': [
    503,
    overwhelmed,
    'errors.circuit.breaker.open',
    'The circuit breaker of every target is open.',
  ],
  'backend.unhealthy': [
    503,
    overwhelmed,
    'errors.circuit.breaker.open',
    'Health checks took every target out.',
  ],
  'backend.queue_full': [
    503,
    overwhelmed,
    'errors.connection.queue.full',
    'No connection to the backend was free and the waiting line is full.',
  ],
  'backend.refused': [502, refused, 'errors.connection.refused', 'The backend refused the connection.'],
  'backend.unreachable': [
    502,
    wrong,
    'errors.proxy.error',
    'The backend cannot be reached (no route, network error).',
  ],
  'backend.dns': [502, wrong, 'errors.proxy.error', 'The name of the backend does not resolve.'],
  'backend.tls': [502, wrong, 'errors.proxy.error', 'The TLS session with the backend failed.'],
  'backend.proxy_refused': [
    502,
    wrong,
    'errors.proxy.error',
    'The forward proxy in front of the backend refused.',
  ],
  'backend.connect_timeout': [
    504,
    slow,
    'errors.request.timeout',
    'The connection to the backend was not established in time.',
  ],
  'backend.call_timeout': [504, slow, 'errors.request.timeout', 'The backend did not answer in time.'],
  'backend.call_timeout_consumed': [
    504,
    slowConsumed,
    'errors.request.timeout',
    'The backend did not answer in time and the request body is already sent.',
  ],
  'backend.global_timeout': [
    504,
    slow,
    'errors.request.timeout',
    'All attempts together took longer than the global time-out.',
  ],
  'backend.idle_timeout': [
    504,
    slow,
    'errors.request.timeout',
    'Nothing moved on the connection to the backend for too long.',
  ],
  'backend.reset': [
    502,
    wrong,
    'errors.proxy.error',
    'The backend closed or reset the connection before it answered.',
  ],
  'backend.bad_response': [502, wrong, 'errors.proxy.error', 'The answer of the backend is not valid HTTP.'],
  'upgrade.unsupported': [
    501,
    'Upgrade not supported',
    'errors.upgrade.not.supported',
    'The request asks for a protocol switch that cannot be made here.',
  ],
  'request.bad_path': [
    400,
    'Bad request path',
    'errors.client.error',
    'The path holds dot segments, a backslash, broken escapes or control characters.',
  ],
  'request.client_gone': [
    499,
    'The client left',
    'errors.client.gone',
    'The client left before its answer was complete. Nobody is told but events and reports.',
  ],
  'request.bad_body': [
    400,
    'Bad request body',
    'errors.client.error',
    'The request body is broken (chunks, length).',
  ],
  'request.body_timeout': [
    408,
    'Request body timeout',
    'errors.client.error',
    'The client sent its body too slowly.',
  ],
  'request.bad_message': [
    400,
    'Bad request',
    'errors.client.error',
    'The request is not HTTP, or two parsers could read it in two ways. The body says what is wrong.',
  ],
  'request.connect_refused': [405, 'CONNECT is not allowed', 'errors.client.error', 'A tunnel is asked for.'],
  'request.head_timeout': [
    408,
    'Request head timeout',
    'errors.client.error',
    'The client sent its head too slowly.',
  ],
  'request.body_too_large': [
    413,
    'Request body too large',
    'errors.entity.too.big',
    'The body, or a chunk of it, is longer than the settings allow.',
  ],
  'request.target_too_long': [
    414,
    'Request target too long',
    'errors.entity.too.big',
    'The request target is longer than the parser takes.',
  ],
  'request.unknown_expectation': [
    417,
    'Unknown expectation',
    'errors.client.error',
    'The client expects something other than 100-continue.',
  ],
  'request.head_too_large': [
    431,
    'Request head too large',
    'errors.entity.too.big',
    'The head, one of its fields or their number is larger than the parser takes.',
  ],
  'request.unsupported': [
    501,
    'Not supported',
    'errors.client.error',
    'The method is too long, or the transfer coding or protocol is not known.',
  ],
  'request.unknown_version': [
    505,
    'HTTP version not supported',
    'errors.client.error',
    'The request names another version than HTTP/1.0, 1.1 or 2.',
  ],
} as const satisfies Record<string, readonly [number, string, string, string]>

export type ReasonCode = keyof typeof catalogue

/** Code → what it means. */
export const reasons: Readonly<Record<ReasonCode, Reason>> = Object.fromEntries(
  Object.entries(catalogue).map(([code, [status, message, cause, when]]) => [
    code,
    { status, message, cause, when },
  ]),
) as Record<ReasonCode, Reason>
