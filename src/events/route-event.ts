/** Events about traffic that plugins make, in upstream's shape. */
import { maskSecrets } from './mask-secrets.ts'
import type { AlertRoute } from './alert-event.ts'

/** Builds an event of the type. `at`: epoch milliseconds. Fields of the envelope win over `fields` of the same name. */
export function buildRouteEvent(
  type: string,
  id: string,
  at: number,
  env: string,
  route: AlertRoute,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    ...(maskSecrets(fields) as Readonly<Record<string, unknown>>),
    '@id': id,
    '@timestamp': at,
    '@type': type,
    '@product': 'otoroshi',
    '@serviceId': route.id === '' ? '--' : route.id,
    '@service': route.name === '' ? 'Otoroshi' : route.name,
    '@env': env,
  }
}
