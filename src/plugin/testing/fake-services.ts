/** The services a plugin is given in tests. */
import { JwtRoom } from '../../data-plane/jwt-room.ts'
import { compileTemplate, settledText } from '../../gateway/pipeline/template.ts'
import { HeaderBlock } from '../../http/index.ts'
import { type ApikeyView, viewApikey } from '../../identity/apikey.ts'
import { countingAlone } from '../../limits/counting.ts'
import { Signer } from '../../identity/seal.ts'
import { ConsumerLinks } from '../../identity/consumer-link.ts'
import { apikeySchema } from '../../model/kinds/apikey.ts'
import { describeFaults, parse } from '../../schema/index.ts'
import type { Board } from '../board.ts'
import type { HeaderNameKey, KeyPairSource, PluginServices, RouteView } from '../contract.ts'
import type { InstanceServices } from '../instance-services.ts'
import type { JwtServices } from '../jwt-services.ts'
import { type CallAnswer, CallFailed, type OutgoingCall, type OutgoingCalls } from '../outgoing-calls.ts'
import { fakeLogins } from './fake-logins.ts'

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

/** A destination without connections: what was asked for stands in `exchange.destination`. */
const fakeDestination: PluginServices['destination'] = ({ targets }) => {
  const held = {
    targets: targets.map(target => ({ id: '', hostname: '', port: 0, tls: false, ...(target as object) })),
    release: () => {},
    enter: () => {},
    leave: () => {},
  }
  return held
}

const noKeyPairs: KeyPairSource = { find: () => null, signingKey: () => null }

/** Calls that `answer` answers; what was asked stands in `asked`. A thrown `CallFailed` is a call without an answer. */
export function outgoingCalls(
  answer: (call: OutgoingCall) => Partial<Omit<CallAnswer, 'body'>> & { readonly body?: string },
): OutgoingCalls & { readonly asked: OutgoingCall[] } {
  const asked: OutgoingCall[] = []
  return {
    asked,
    async send(call) {
      asked.push(call)
      const { status = 200, headers = new HeaderBlock(), body = '' } = answer(call)
      return { status, headers, body: Buffer.from(body) }
    },
  }
}

const noCalls: OutgoingCalls = {
  send: () => Promise.reject(new CallFailed('unreachable', 'nobody answers calls in this test')),
}

/** Tokens with the given verifiers (entities, by id), key pairs and calls. */
export function jwtServices(
  more: {
    readonly verifiers?: Readonly<Record<string, object>>
    readonly keyPairs?: KeyPairSource
    readonly calls?: OutgoingCalls
  } = {},
): JwtServices {
  const { verifiers = {}, keyPairs = noKeyPairs, calls = noCalls } = more
  return new JwtRoom({
    verifier: id => (Object.hasOwn(verifiers, id) ? JSON.stringify({ id, ...verifiers[id] }) : undefined),
    pairs: keyPairs,
    calls,
    text: settledText,
    log: () => {},
  })
}

const links = new ConsumerLinks('secret-of-the-instance')

/** A gateway that is well and has the usual issuer. */
export const instanceServices: InstanceServices = {
  issuer: 'Otoroshi',
  signer: new Signer('secret-of-the-instance'),
  consumerLink: (consumer, ttl) =>
    links.make('http://otoroshi-api.oto.tools:8080', consumer, ttl, Math.floor(Date.now() / 1000)),
  report: ({ topic, format, filter }) => ({
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify({ topic, format, filter }),
  }),
}

export interface LoggedLine {
  readonly level: string
  readonly message: string
}

/** A board of its own; what is put there stays as long as it is used. */
export function fakeBoard(): Board {
  const texts = new Map<string, string>()
  let version = 0
  return {
    get version() {
      return version
    },
    get size() {
      return texts.size
    },
    list: prefix => [...texts].filter(([key]) => key.startsWith(prefix)),
    get: key => texts.get(key),
    async put(key, value) {
      version++
      texts.set(key, value)
    },
    async remove(key) {
      version++
      texts.delete(key)
    },
  }
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
    destination: fakeDestination,
    adminRoute: 'admin-api-service',
    headerNames,
    apikeys: { find: id => apikeys.find(key => key.clientId === id) ?? null },
    logins: fakeLogins(),
    globalSettings: {},
    keyPairs: noKeyPairs,
    calls: noCalls,
    jwt: jwtServices(),
    cache: null,
    board: fakeBoard(),
    outages: { faultsFor: () => null },
    geolocation: {},
    instance: instanceServices,
    alert: () => {},
    event: () => {},
    counting: countingAlone(),
    bodyLimit: 4_194_304,
    log: (level, message) => log.push({ level, message }),
    ...more,
  }
}
