/** Alerts about traffic that plugins raise, in upstream's shape. */
import { maskedFields, maskedTarget } from './masked-fields.ts'

/** The route an alert is about. */
export interface AlertRoute {
  readonly id: string
  readonly name: string
}

/** Builds the alert `alert`. `at`: epoch milliseconds. Fields of the envelope win over `fields` of the same name. */
export function buildAlert(
  alert: string,
  id: string,
  at: number,
  env: string,
  route: AlertRoute,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    ...fields,
    '@id': id,
    '@timestamp': at,
    '@type': 'AlertEvent',
    '@product': 'otoroshi',
    '@serviceId': route.id === '' ? '--' : route.id,
    '@service': route.name === '' ? 'Otoroshi' : route.name,
    '@env': env,
    alert,
  }
}

/** A request as alerts show it; credentials in header fields are masked. */
export function alertedRequest(request: {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly protocol: string
  readonly ip: string
  readonly headers: Iterable<readonly [string, string]>
}): Record<string, unknown> {
  const { method, target, host, protocol, ip, headers } = request
  return {
    method,
    uri: maskedTarget(target),
    host,
    scheme: protocol,
    from: ip,
    headers: Object.fromEntries(maskedFields(headers).map(({ key, value }) => [key, value])),
  }
}
