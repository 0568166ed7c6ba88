/** What an event says of the request as the client sent it. */
import { type GatewayEventFacts, maskedTarget } from '../events/index.ts'
import type { ClientRequest } from '../plugin/contract.ts'

export interface RequestFactsSettings {
  readonly env: string
  /** Fields, in lower case, by which a gateway in front names its request, and itself by id and by name. */
  readonly parentFields: { readonly request: string; readonly from: string; readonly label: string }
}

type RequestFacts = Pick<
  GatewayEventFacts,
  'parent' | 'protocol' | 'scheme' | 'host' | 'uri' | 'method' | 'clientAddress' | 'headers' | 'env'
>

export function requestFacts(request: ClientRequest, settings: RequestFactsSettings): RequestFacts {
  return {
    parent: parentOf(request, settings),
    protocol: protocolOf(request),
    scheme: request.protocol,
    host: request.host,
    uri: maskedTarget(request.target),
    method: request.method,
    clientAddress: request.ip,
    headers: request.headers,
    env: settings.env,
  }
}

export function parentOf(
  { headers }: ClientRequest,
  { parentFields }: RequestFactsSettings,
): GatewayEventFacts['parent'] {
  const from = headers.get(parentFields.from) ?? null
  return {
    request: headers.get(parentFields.request) ?? null,
    from,
    label: headers.get(parentFields.label) ?? from,
  }
}

export function protocolOf({ version }: ClientRequest): string {
  return `HTTP/${Math.floor(version / 10)}.${version % 10}`
}
