/** The services a plugin is given in tests. */
import { compileTemplate } from '../../gateway/pipeline/template.ts'
import { type ApikeyView, viewApikey } from '../../identity/apikey.ts'
import { apikeySchema } from '../../model/kinds/apikey.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import type { HeaderNameKey, PluginServices, RouteView } from '../contract.ts'

/** Names of the protocol headers as a fresh installation has them. */
export const headerNames: Readonly<Record<HeaderNameKey, string>> = Object.freeze({
  requestId: 'Otoroshi-Request-Id',
  requestTimestamp: 'Otoroshi-Request-Timestamp',
  proxiedHost: 'Otoroshi-Proxied-Host',
  parentRequest: 'Otoroshi-Parent-Request',
  vizFrom: 'Otoroshi-Viz-From',
  vizFromLabel: 'Otoroshi-Viz-From-Label',
  clientId: 'Otoroshi-Client-Id',
  clientSecret: 'Otoroshi-Client-Secret',
  simpleApiClientId: 'x-api-key',
  authorization: 'Otoroshi-Authorization',
  bearer: 'Otoroshi-Token',
  error: 'Otoroshi-Error',
  errorMessage: 'Otoroshi-Error-Msg',
  errorCause: 'Otoroshi-Error-Cause',
  proxyLatency: 'Otoroshi-Proxy-Latency',
  upstreamLatency: 'Otoroshi-Upstream-Latency',
  dailyQuotas: 'Otoroshi-Daily-Calls-Remaining',
  monthlyQuotas: 'Otoroshi-Monthly-Calls-Remaining',
  state: 'Otoroshi-State',
  stateResponse: 'Otoroshi-State-Resp',
  claim: 'Otoroshi-Claim',
})

/** Fields of clients that the gateway takes away before plugins see the request to the backend. */
export const removedIn: readonly string[] = [
  'otoroshi-state',
  'otoroshi-claim',
  'otoroshi-request-id',
  'otoroshi-client-id',
  'otoroshi-client-secret',
  'otoroshi-authorization',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-protocol',
]

/** An API key for tests: give `clientId` and `clientSecret`, the rest has the defaults of the kind. */
export function apikey(entity: Readonly<Record<string, unknown>>): ApikeyView {
  const parsed = parse(apikeySchema, { clientName: 'key under test', ...entity })
  if (!parsed.ok) throw new Error(`not an API key: ${describeFaults(parsed.faults)}`)
  return viewApikey(parsed.value)
}

export interface LoggedLine {
  readonly level: string
  readonly message: string
}

/** Services with the given keys; what the plugin logs goes to `log`. */
export function pluginServices(
  route: RouteView,
  apikeys: readonly ApikeyView[],
  log: LoggedLine[],
  more: Partial<PluginServices> = {},
): PluginServices {
  return {
    route,
    slot: 0,
    template: compileTemplate,
    trustForwarded: true,
    adminRoute: 'admin-api-service',
    headerNames,
    apikeys: { find: id => apikeys.find(key => key.clientId === id) ?? null },
    keyPairs: { find: () => null },
    log: (level, message) => log.push({ level, message }),
    ...more,
  }
}
