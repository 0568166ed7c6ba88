/** What the bench of plugins puts on each route, and what it sends there. */
import { createHmac } from 'node:crypto'
import type { PluginDefinition } from '../src/plugin/contract.ts'
import { pluginExamples } from '../scripts/catalogue/examples.ts'
import { parse } from '../src/schema/index.ts'
import { putEntity } from './gateway-setup.ts'

/** A plugin as it is measured. */
export interface MeasuredPlugin {
  readonly id: string
  readonly family: string
  readonly config: Readonly<Record<string, unknown>>
  /** `default`: nothing is set. */
  readonly settings: 'default' | 'example' | 'bench'
  /** Further fields of each request. */
  readonly headers: readonly string[]
}

const SECRET = 'a secret that only this bench knows, long enough for its hash'
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'bench', sub: 'someone', exp: 4_102_444_800 })}`
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`
}

const keyHeaders = ['Otoroshi-Client-Id: bench-key', 'Otoroshi-Client-Secret: bench-secret']
const jwtHeaders = [`X-JWT-Token: ${token()}`]
const staff = `Authorization: Basic ${Buffer.from('anna:secret').toString('base64')}`

interface Settings {
  readonly config?: (backend: number) => Readonly<Record<string, unknown>>
  readonly headers?: readonly string[]
}

/** Where neither defaults nor the example make requests pass as most of them do. */
const own: Readonly<Record<string, Settings>> = {
  ApikeyAuthModule: {
    config: () => ({}),
    headers: [`Authorization: Basic ${Buffer.from('bench-key:bench-secret').toString('base64')}`],
  },
  ApikeyCalls: { config: () => ({}), headers: keyHeaders },
  NgLegacyApikeyCall: { config: () => ({}), headers: keyHeaders },
  CanaryMode: {
    config: backend => ({ traffic: 0.5, targets: [{ hostname: '127.0.0.1', port: backend, tls: false }] }),
  },
  ContextValidation: { config: () => ({ validators: [{ path: '$.request.method', value: 'GET' }] }) },
  CookiesValidation: { config: () => ({ cookies: { theme: 'dark' } }) },
  HeadersValidation: { config: () => ({ headers: { 'X-Request-Source': 'bench' } }) },
  IpAddressAllowedList: { config: () => ({ addresses: ['127.0.0.0/8', '10.0.0.0/8'] }) },
  JwtSigner: { config: () => ({ verifier: 'bench-signer' }) },
  JwtVerification: { config: () => ({ verifiers: ['bench'] }), headers: jwtHeaders },
  JwtVerificationOnly: { config: () => ({ verifier: 'bench' }), headers: jwtHeaders },
  NgExternalValidator: {
    config: backend => ({ url: `http://127.0.0.1:${backend}/`, cache_expression: '${req.ip}' }),
  },
  NgGenericAllowedList: {
    config: () => ({ expression: '${req.headers.x-request-source}', values: ['bench'] }),
  },
  NgIncomingRequestValidatorAllowedDomainNames: { config: () => ({ domains: ['127.0.0.1'] }) },
  NgJwtUserExtractor: { config: () => ({ verifier: 'bench' }), headers: jwtHeaders },
  NgServiceQuotas: { config: () => most({}) },
  NgCustomQuotas: { config: () => most({}) },
  NgCustomThrottling: { config: () => most({}) },
  FixedWindow: { config: () => ({ quota: quota() }) },
  LocalTokenBucket: {
    config: () => ({
      capacity: 1e9,
      refillRequestedTokens: 1e9,
      refillRequestIntervalMs: 10,
      quota: quota(),
    }),
  },
  DistributedRedisThrottling: { config: () => ({ quota: quota() }) },
  LuaDistributedRedisThrottling: { config: () => ({ quota: quota() }) },
  NgTrafficMirroring: { config: backend => ({ to: `http://127.0.0.1:${backend}` }) },
  ResponseBandwidthThrottling: { config: () => ({ throttling_quota: '1000000000000', kind: 'per_node' }) },
  RequestBandwidthThrottling: { config: () => ({ throttling_quota: '1000000000000', kind: 'per_node' }) },
  SimpleBasicAuth: { config: () => ({ users: { anna: 'secret' } }), headers: [staff] },
  SnowMonkeyChaos: { config: () => ({}) },
  TimeRestrictedAccessPlugin: {
    // Whatever the time is when it is measured.
    config: () => ({
      rules: [
        { time_start: '00:00', time_end: '12:00', day_start: 1, day_end: 7 },
        { time_start: '11:59', time_end: '23:59', day_start: 1, day_end: 7 },
      ],
    }),
  },
  W3CTracing: { config: () => ({}) },
}

/** Plugins that are not measured, and why. */
export const notMeasured: Readonly<Record<string, string>> = {
  NgDeferPlugin: 'it waits',
  OAuth2Caller: 'it needs an authorization server',
  OAuth2AuthModuleCaller: 'it needs an authorization server',
  OAuth2TokenExchange: 'it needs an authorization server',
}

/** Steps that a request of a route without a WebSocket goes through. */
const ofRoutes: ReadonlySet<string> = new Set([
  'MatchRoute',
  'PreRoute',
  'ValidateAccess',
  'TransformRequest',
  'CallBackend',
  'TransformResponse',
])

/**
 * How plugins are measured: with their defaults, with their example where the defaults hold nothing to do, or as this
 * bench has it. `backend`: port of the backend.
 */
export function measuredPlugins(
  plugins: readonly PluginDefinition[],
  backend: number,
): readonly MeasuredPlugin[] {
  const examples = pluginExamples()
  return plugins.flatMap(({ id, family, steps, config }): readonly MeasuredPlugin[] => {
    const name = id.slice(id.lastIndexOf('.') + 1)
    if (name in notMeasured || family === 'websocket' || !steps.some(step => ofRoutes.has(step))) return []
    const { config: given, headers = [] } = own[name] ?? {}
    if (given !== undefined) return [{ id, family, headers, config: given(backend), settings: 'bench' }]
    const defaults = parse(config, {})
    const example = examples.get(id)?.config ?? {}
    const idle = !defaults.ok || fillsEmpty(defaults.value as Record<string, unknown>, example)
    return [{ id, family, headers, config: idle ? example : {}, settings: idle ? 'example' : 'default' }]
  })
}

/** The example sets something of which the defaults hold nothing. */
function fillsEmpty(defaults: Record<string, unknown>, example: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(example).some(key => {
    const value = defaults[key]
    if (value === null || value === undefined || value === '') return true
    return typeof value === 'object' && Object.keys(value).length === 0
  })
}

/** Puts the key and the verifiers into a gateway that the settings above name. */
export async function putCallers(port: number, routes: readonly string[]): Promise<void> {
  await putEntity(port, 'apim.otoroshi.io/v1/apikeys', 'bench-key', {
    clientId: 'bench-key',
    clientSecret: 'bench-secret',
    clientName: 'bench',
    authorizedEntities: routes.map(id => `route_${id}`),
    throttlingQuota: 2_000_000_000,
    dailyQuota: 2_000_000_000,
    monthlyQuota: 2_000_000_000,
  })
  const verification = { verificationSettings: { fields: { iss: 'bench' }, arrayFields: {} } }
  const strategies = {
    bench: { type: 'PassThrough', ...verification },
    'bench-signer': { type: 'DefaultToken', strict: true, token: { iss: 'bench' }, ...verification },
  }
  for (const [id, strategy] of Object.entries(strategies))
    await putEntity(port, 'security.otoroshi.io/v1/jwt-verifiers', id, {
      id,
      name: id,
      strict: true,
      source: { type: 'InHeader', name: 'X-JWT-Token', remove: '' },
      algoSettings: { type: 'HSAlgoSettings', size: 256, secret: SECRET },
      strategy,
    })
}

function quota(): Record<string, number> {
  return { window: 2_000_000_000, daily: 2_000_000_000, monthly: 2_000_000_000 }
}

function most(more: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { window: throttling_quota, daily: daily_quota, monthly: monthly_quota } = quota()
  return { throttling_quota, daily_quota, monthly_quota, ...more }
}
