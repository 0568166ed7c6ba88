/** Settings of OAuth2Caller, and what expressions in them make of a request. */
import { isConstant } from '../../expression/index.ts'
import { type Exchange, type FullAnswer, type PluginServices, schema as v } from '../../plugin/index.ts'
import { serverChoice } from '../../expression/client-chosen.ts'
import { count, flag, noTexts, setting, text, texts } from '../settings.ts'
import { moduleClient } from './module-client.ts'
import type { Asking } from './token-caller.ts'
import type { TokenCallSettings, TokenClient } from './token-request.ts'

const tls = v.looseObject({
  certs: setting(texts, noTexts, 'Certificates to show'),
  trustedCerts: setting(texts, noTexts, 'Certificates to trust'),
  mtls: setting(flag, false, 'The certificates count'),
  loose: setting(flag, false, 'Take certificates of other hosts'),
  trustAll: setting(flag, false, 'Take any certificate'),
})

const kinds = ['client_credentials', 'password', 'password_with_basic_auth', 'auth_module'] as const

export const oauth2CallerSettings = v.looseObject({
  kind: setting(v.picklist(kinds), 'client_credentials', 'How the token is asked for'),
  url: setting(text, 'https://127.0.0.1:8080/oauth/token', 'Token endpoint'),
  method: setting(v.pipe(text, v.regex(/^[A-Za-z]+$/)), 'POST', 'Method of the call'),
  headerName: setting(text, 'Authorization', 'Header for the backend'),
  headerValueFormat: setting(text, 'Bearer %s', 'Value of the header; `%s` is the token'),
  jsonPayload: setting(flag, false, 'Ask with JSON rather than a form'),
  clientId: setting(text, 'the client_id', 'Id of the client'),
  clientSecret: setting(text, 'the client_secret', 'Secret of the client'),
  scope: setting(text, null, 'Scopes, separated by spaces'),
  audience: setting(text, null, 'Audience'),
  resource: setting(text, null, 'Resource (RFC 8707)'),
  user: setting(text, null, 'User of the password kinds'),
  password: setting(text, null, 'Password of the password kinds'),
  cacheTokenSeconds: setting(
    count,
    600_000,
    'Seconds a token is kept when the server does not say how long it is good',
  ),
  tlsConfig: setting(
    tls,
    () => ({ certs: [], trustedCerts: [], mtls: false, loose: false, trustAll: false }),
    'TLS towards the token endpoint',
  ),
  authModRef: setting(text, null, 'Authentication module of the kind `auth_module`'),
  timeout: setting(v.pipe(count, v.minValue(1)), 10_000, 'Milliseconds to wait for the token endpoint'),
})

export type Oauth2CallerSettings = v.InferOutput<typeof oauth2CallerSettings>

/** Throws when the settings cannot be used. */
export function clientOf(
  config: Oauth2CallerSettings,
  services: PluginServices,
): (exchange: Exchange) => Asking | FullAnswer {
  const { kind } = config
  if (kind === 'auth_module') return moduleClient(config.authModRef, config.jsonPayload, services)
  checkUrl(config.url, services.route.domains)
  const settings: TokenCallSettings = {
    method: config.method.toUpperCase(),
    json: config.jsonPayload,
    timeout: config.timeout,
    tls: config.tlsConfig,
  }
  const names = [
    'url',
    'clientId',
    'clientSecret',
    'scope',
    'audience',
    'resource',
    'user',
    'password',
  ] as const
  const texts = names.map(name => config[name] ?? '')
  if (texts.every(isConstant)) {
    const made = { client: { kind, ...named(names, texts) }, settings, key: '' }
    return () => made
  }
  const templates = texts.map(given => services.template(given))
  return exchange => {
    const values = templates.map(template => template(exchange))
    return { client: { kind, ...named(names, values) }, settings, key: JSON.stringify(values) }
  }
}

type Texts = Omit<TokenClient, 'kind'>

function named(names: readonly (keyof Texts)[], values: readonly string[]): Texts {
  return Object.fromEntries(names.map((name, at) => [name, values[at]!])) as unknown as Texts
}

function checkUrl(url: string, domains: readonly string[]): void {
  const chosen = serverChoice(url, domains)
  if (chosen !== undefined)
    throw new Error(`url: \${${chosen}} is decided by clients, so it cannot say who is asked for a token`)
  if (isConstant(url) && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw new Error('url: it is no http or https address')
}
