/** A request as a traced plugin sees it, for flow reports. Values of fields that carry credentials are masked. */
import { maskedFields, maskedTarget } from '../../events/index.ts'
import type { ClientRequest } from '../../plugin/contract.ts'
import type { GatewayExchange } from '../pipeline/exchange.ts'

/** The request of the client. */
export function requestSnapshot(request: ClientRequest): Record<string, unknown> {
  return {
    method: request.method,
    uri: maskedTarget(request.target),
    path: request.path,
    version: request.version / 10,
    headers: maskedFields(request.headers),
    remote: request.ip,
    has_body: request.hasBody,
    path_params: { ...request.pathParams },
  }
}

/** Plain data, with upstream's field names where there are such. */
export function snapshot(exchange: GatewayExchange): Record<string, unknown> {
  const { id, request, route, target, upstreamRequest, upstreamResponse } = exchange
  return {
    snowflake: id,
    route: route.id,
    request: requestSnapshot(request),
    ...(target !== null && { backend: { ...target } }),
    ...(upstreamRequest !== null && {
      otoroshi_request: {
        method: upstreamRequest.method,
        path: maskedTarget(upstreamRequest.path),
        headers: maskedFields(upstreamRequest.headers),
      },
    }),
    ...(upstreamResponse !== null && {
      otoroshi_response: {
        status: upstreamResponse.status,
        headers: maskedFields(upstreamResponse.headers),
      },
    }),
  }
}
