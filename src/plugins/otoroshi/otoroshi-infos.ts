/** Tells the backend in a signed token who calls. */
import { REGISTERED, registeredClaims } from '../../identity/registered-claims.ts'
import {
  apikeyAttribute,
  definePlugin,
  type Exchange,
  type PluginServices,
  refuse,
  userAttribute,
} from '../../plugin/index.ts'
import { compileProjection } from '../../plugin/projection.ts'
import { nameOr } from './field-names.ts'
import { type Caller, type InfoClaims, latestClaims, legacyClaims } from './info-claims.ts'
import { type InfosSettings, infosSettings } from './infos-settings.ts'
import { tokenSigning } from './token-signing.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OtoroshiInfos',
  name: 'Otoroshi info. token',
  description:
    'Sends the backend a signed token that tells which API key and which user the request comes from.',
  family: 'otoroshi',
  categories: ['Security', 'Classic'],
  steps: ['TransformRequest'],
  config: infosSettings,
  setup(config, services) {
    const { route, headerNames, instance } = services
    const name = nameOr(config.header_name, headerNames.claim)
    const sign = tokenSigning(config.algo, 'algo', services)
    const claimsOf = claimsFor(config, services)
    const project = compileProjection(config.projection)
    return {
      request(exchange) {
        const { subject, claims } = claimsOf(callerOf(exchange), exchange)
        const registered = registeredClaims(instance.issuer, subject, route.name, config.ttl)
        const token = sign({ ...registered, ...withoutRegistered(project(claims)) })
        if (token === null) return refuse('challenge.no_key')
        exchange.upstream.headers.set(name, token)
        return undefined
      },
    }
  },
})

function callerOf({ attributes }: Exchange): Caller {
  return { apikey: attributes.get(apikeyAttribute) ?? null, user: attributes.get(userAttribute) ?? null }
}

type ClaimsOf = (caller: Caller, exchange: Exchange) => InfoClaims

function claimsFor(config: InfosSettings, services: PluginServices): ClaimsOf {
  switch (config.version) {
    case 'Legacy':
    case 'legacy':
      return legacyClaims
    case 'Url':
    case 'url':
      return linkClaims(config.ttl, services)
    default:
      return withFields(config.add_fields ?? {}, services)
  }
}

function withFields(fields: Readonly<Record<string, string>>, services: PluginServices): ClaimsOf {
  const more = Object.entries(fields).map(([name, text]) => [name, services.template(text)] as const)
  if (more.length === 0) return latestClaims
  return (caller, exchange) => {
    const { subject, claims } = latestClaims(caller)
    const added = more.map(([name, value]) => [name, value(exchange)])
    return { subject, claims: { ...claims, ...Object.fromEntries(added) } }
  }
}

function linkClaims(ttl: number, { instance }: PluginServices): ClaimsOf {
  return ({ apikey, user }, { request }) => {
    // A user without a session (Basic credentials) cannot be found again.
    const consumer =
      user !== null && user.id !== ''
        ? ({ kind: 'user', id: user.id } as const)
        : apikey !== null
          ? ({ kind: 'apikey', id: apikey.clientId } as const)
          : ({ kind: 'public', id: '--' } as const)
    return { subject: '--', claims: { url: instance.consumerLink(consumer, ttl, request) } }
  }
}

/** What a key, a user or a projection brings along takes no claim that backends trust the gateway for. */
function withoutRegistered(claims: unknown): Readonly<Record<string, unknown>> {
  if (typeof claims !== 'object' || claims === null) return {}
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !REGISTERED.has(name)))
}
