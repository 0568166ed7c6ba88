/** `req.…`: the request as the client sent it. */
import { certificateRules } from './client-certificate.ts'
import type { ExpressionRequest } from '../context.ts'
import { own } from '../json.ts'
import { BAD, exactly, named, type Rule } from './rule.ts'

function fact(name: string, read: (request: ExpressionRequest) => string): Rule {
  return exactly(`req.${name}`, context => (context.request === null ? BAD : read(context.request)))
}

export const requestRules: readonly Rule[] = [
  fact('fullUrl', r => `${r.protocol}://${r.host}${r.target}`),
  fact('listener', r => r.connection.listener || 'standard-listener'),
  exactly('req.id', context => (context.requestId === '' ? BAD : context.requestId)),
  fact('path', r => r.path),
  fact('uri', r => r.target),
  fact('host', r => r.host),
  fact('domain', r => r.domain),
  fact('method', r => r.method),
  fact('protocol', r => r.protocol),
  fact('ip', r => r.ip),
  fact('ip_address', r => r.ip),
  fact('secured', r => String(r.protocol === 'https')),
  fact('version', r => `HTTP/${Math.floor(r.version / 10)}.${r.version % 10}`),
  named({
    prefix: 'req.headers.',
    find: ({ request }, name) => (request === null ? null : request.headers.get(name)),
    missing: name => `no-header-${name}`,
    normalize: name => name.toLowerCase(),
  }),
  named({
    prefix: 'req.query.',
    find: ({ request }, name) => (request === null ? null : (request.query.get(name) ?? undefined)),
    missing: name => `no-query-${name}`,
  }),
  named({
    prefix: 'req.cookies.',
    find: ({ request }, name) => (request === null ? null : request.cookies.get(name)),
    // As upstream, whose clients may compare it.
    missing: name => `no-query-${name}`,
  }),
  named({
    prefix: 'req.pathparams.',
    find: ({ request }, name) => (request === null ? null : own(request.pathParams, name)),
    missing: name => `no-path-param-${name}`,
  }),
  ...certificateRules,
]
