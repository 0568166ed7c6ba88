/** Of routes, plugins and the gateway itself. */
import { type ReasonRows, wrong } from './rows.ts'

export const routes = {
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
  'expression.no_values': [
    403,
    'forbidden',
    'errors.no.allowed.values',
    'A list of allowed values is empty.',
  ],
  'expression.not_allowed': [
    403,
    'forbidden',
    'errors.unallowed.expression',
    'What an expression makes of the request is not on the list of allowed values.',
  ],
  'expression.blocked': [
    403,
    'forbidden',
    'errors.blocked.expression',
    'What an expression makes of the request is on the list of blocked values.',
  ],
  error_rewritten: [
    500,
    wrong,
    'errors.backend.rewritten',
    'The backend answered an error, which is told in other words. The status is that of the backend.',
  ],
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
} as const satisfies ReasonRows
