/** Of calls to backends. */
import { type ReasonRows, wrong } from './rows.ts'

const overwhelmed =
  'Something went wrong, the backend service seems a little bit overwhelmed, you should try later. Thanks for your understanding'
const slow =
  'Something went wrong, the backend service does not respond quickly enough, you should try later. Thanks for your understanding'
const slowConsumed =
  'Something went wrong, the backend service does not respond quickly enough but consumed all the request body, you should try later. Thanks for your understanding'
const refused =
  'Something went wrong, the connection to backend service was refused, you should try later. Thanks for your understanding'

export const backends = {
  'caller.bad_config': [
    400,
    'Bad configuration',
    'errors.caller.bad.config',
    'A plugin that signs calls of the backend has no credentials to sign with.',
  ],
  'caller.no_token': [
    401,
    'unauthorized',
    'errors.caller.no.token',
    'The authorization server gave no token for the call of the backend.',
  ],
  'challenge.failed': [
    502,
    'Backend server does not seems to be secured. Cancelling request !',
    'errors.service.not.secured',
    'The backend did not answer the challenge, or not in time, or not signed as agreed.',
  ],
  'challenge.no_service': [
    404,
    'No service found for the specified target host, the service descriptor should be verified !',
    'errors.no.service.found',
    'The platform of the backend says that there is no such application, and the challenge was not answered.',
  ],
  'challenge.no_key': [
    502,
    wrong,
    'errors.bad.algorithm',
    'The certificate whose key signs tokens for the backend is missing, revoked or not valid now.',
  ],
  'cache.not_kept': [
    504,
    'Not in the cache',
    'errors.cache.not.kept',
    'The client takes a kept answer only (`only-if-cached`), and there is none.',
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
} as const satisfies ReasonRows
