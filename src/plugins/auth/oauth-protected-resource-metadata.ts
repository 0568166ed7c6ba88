/** Says in place of the backend who gives tokens for it (RFC 9728). */
import { oauthModule, type OAuthModule } from '../../identity/oauth-module.ts'
import { signToken } from '../../identity/jwt/signing.ts'
import { answer, definePlugin, type Exchange, schema as v, tenantOf } from '../../plugin/index.ts'
import { flag, noTexts, setting, text, texts } from '../settings.ts'

type Json = Record<string, unknown>

const optional = (what: string) => setting(v.nullable(text), null, what)
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const

const config = v.looseObject({
  ref: optional('Id of an OAuth 2 auth module: who gives the tokens'),
  resource: optional('Identifier of the resource; scheme and host of the call unless given'),
  authorization_servers_override: setting(
    texts,
    noTexts,
    'Who gives the tokens, in place of the auth module',
  ),
  jwks_uri: optional('Address of the public keys of the resource'),
  scopes_supported: setting(texts, noTexts, 'Scopes'),
  bearer_methods_supported: setting(texts, () => ['header'], 'How tokens may be sent: header, body, query'),
  resource_signing_alg_values_supported: setting(texts, noTexts, 'Algorithms of signed answers'),
  resource_name: optional('Name for people'),
  resource_documentation: optional('Address of the documentation'),
  resource_policy_uri: optional('Address of the policy'),
  resource_tos_uri: optional('Address of the terms of service'),
  tls_client_certificate_bound_access_tokens: setting(flag, false, 'Tokens may be bound to certificates'),
  dpop_signing_alg_values_supported: setting(texts, noTexts, 'Algorithms of DPoP proofs'),
  dpop_bound_access_tokens_required: setting(flag, false, 'Tokens must be bound with DPoP'),
  authorization_details_types_supported: setting(texts, noTexts, 'Types of authorization details'),
  extra_metadata: setting(v.looseObject({}), () => ({}), 'More, merged last'),
  signed_metadata: setting(flag, false, 'Add a signed copy'),
  signing_cert_ref: optional('Certificate that signs it'),
  signing_alg: setting(v.picklist(algorithms), 'RS256', 'Algorithm of the signature'),
  signed_metadata_kid: optional('Name of the key; the id of the certificate unless given'),
})
type Settings = v.InferOutput<typeof config>

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OAuthProtectedResourceMetadata',
  name: 'OAuth 2.0 Protected Resource Metadata (RFC 9728)',
  description: 'Publishes which authorization servers give tokens for a resource, and how it takes them.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['CallBackend'],
  config,
  setup(settings, services) {
    const { ref, signing_cert_ref: certificate, signing_alg: alg } = settings
    const signed = (document: Json, startedAt: number): string | null => {
      const key =
        certificate === null ? null : services.keyPairs.signingKey(certificate, tenantOf(services.route))
      if (key === null) return null
      const claims = {
        ...document,
        iss: document['resource'],
        sub: document['resource'],
        iat: Math.floor(startedAt / 1000),
      }
      try {
        return signToken({ alg, key, kid: settings.signed_metadata_kid ?? certificate }, claims)
      } catch {
        return null
      }
    }
    return {
      backend(exchange) {
        const view = ref === null ? null : services.logins.module(ref)
        const document = describe(settings, view === null ? null : oauthModule(view), exchange)
        const token = settings.signed_metadata ? signed(document, exchange.startedAt) : null
        return answer(
          200,
          [
            ['Content-Type', 'application/json'],
            ['Cache-Control', 'public, max-age=3600'],
          ],
          JSON.stringify(token === null ? document : { ...document, signed_metadata: token }),
        )
      },
    }
  },
})

function describe(settings: Settings, module: OAuthModule | null, { request }: Exchange): Json {
  const servers = settings.authorization_servers_override
  const issuer = module === null ? null : issuerOf(module)
  const own: Json = {
    resource: settings.resource ?? `${request.protocol}://${request.host}/`,
    authorization_servers: servers.length > 0 ? servers : issuer === null ? [] : [issuer],
    jwks_uri: settings.jwks_uri,
    scopes_supported: settings.scopes_supported,
    bearer_methods_supported: settings.bearer_methods_supported,
    resource_signing_alg_values_supported: settings.resource_signing_alg_values_supported,
    resource_name: settings.resource_name,
    resource_documentation: settings.resource_documentation,
    resource_policy_uri: settings.resource_policy_uri,
    resource_tos_uri: settings.resource_tos_uri,
    tls_client_certificate_bound_access_tokens: settings.tls_client_certificate_bound_access_tokens,
    dpop_signing_alg_values_supported: settings.dpop_signing_alg_values_supported,
    dpop_bound_access_tokens_required: settings.dpop_bound_access_tokens_required,
    authorization_details_types_supported: settings.authorization_details_types_supported,
  }
  const given = Object.entries(own).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  )
  return merged(Object.fromEntries(given), settings.extra_metadata)
}

/** Who issues the tokens of a module: where its OpenID configuration is, else where its token endpoint is. */
function issuerOf({ oidConfig, tokenUrl }: OAuthModule): string | null {
  if (oidConfig !== null && oidConfig !== '')
    return oidConfig.replace(/\/\.well-known\/(?:openid-configuration|oauth-authorization-server).*$/s, '')
  return URL.parse(tokenUrl)?.origin ?? null
}

function merged(one: Json, other: Readonly<Json>): Json {
  const made = new Map(Object.entries(one))
  for (const [name, value] of Object.entries(other)) {
    const before = made.get(name)
    made.set(name, isObject(before) && isObject(value) ? merged(before, value) : value)
  }
  return Object.fromEntries(made)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
