/** `route.…` and `service.…`: the route, and the same route in the words of the older service. */
import type { ExpressionRoute } from '../context.ts'
import { BAD, exactly, indexed, named, ownText, type Rule } from './rule.ts'

const ENV = 'otoroshi-core-env'

function fact(name: string, read: (route: ExpressionRoute) => string): Rule {
  return exactly(name, context => (context.route === null ? BAD : read(context.route)))
}

function envOf(route: ExpressionRoute): string {
  return ownText(route.metadata, ENV) ?? 'prod'
}

export const routeRules: readonly Rule[] = [
  fact('service.domain', route => (envOf(route) === 'prod' ? '--.--' : `--.${envOf(route)}.--`)),
  fact('service.subdomain', () => '--'),
  fact('service.tld', () => '--'),
  fact('service.env', envOf),
  fact('service.id', route => route.id),
  fact('service.name', route => route.name),
  indexed('service.groups', context => context.route?.groups),
  named({
    prefix: 'service.metadata.',
    find: ({ route }, name) => ownText(route?.metadata, name),
    missing: name => `no-meta-${name}`,
  }),
  indexed('route.domains', context => context.route?.domains),
  fact('route.id', route => route.id),
  fact('route.name', route => route.name),
  fact('route.json.pretty', route => JSON.stringify(route.json, null, 2)),
  fact('route.json', route => JSON.stringify(route.json)),
  named({
    prefix: 'route.metadata.',
    find: ({ route }, name) => ownText(route?.metadata, name),
    missing: name => `no-meta-${name}`,
  }),
]
