/** The two tokens that health checks carry, so that backends that answer to the gateway alone answer them. */
import { registeredClaims } from '../identity/registered-claims.ts'
import type { Route } from '../model/kinds/route.ts'
import type { PluginServices } from '../plugin/contract.ts'
import { challengeSettings } from '../plugins/otoroshi/challenge-settings.ts'
import { challengeMaker } from '../plugins/otoroshi/challenge.ts'
import { nameOr } from '../plugins/otoroshi/field-names.ts'
import { infosSettings } from '../plugins/otoroshi/infos-settings.ts'
import { tokenSigning } from '../plugins/otoroshi/token-signing.ts'
import { parse, type Schema } from '../schema/index.ts'

export type HealthFields = readonly (readonly [name: string, value: string])[]

/** What a thread knows for tokens. */
export type TokenServices = Pick<PluginServices, 'jwt' | 'headerNames' | 'instance'>

const CHALLENGE = 'cp:otoroshi.next.plugins.OtoroshiChallenge'
const INFOS = 'cp:otoroshi.next.plugins.OtoroshiInfos'

/**
 * Makes the fields of one check of a route, by the settings of its plugins, or the usual ones when it has none. Settings that
 * cannot be read or cannot sign give no field: the route is closed anyway.
 */
export function healthFields(route: Route, services: TokenServices): () => HealthFields {
  const view = { id: route.id, name: route.name, json: route as Readonly<Record<string, unknown>> }
  const ofRoute = { ...services, route: view as PluginServices['route'] }
  const makers = [challengeField(route, ofRoute), infoField(route, ofRoute)]
  return () => makers.map(make => make?.() ?? null).filter(field => field !== null)
}

type RouteTokens = TokenServices & Pick<PluginServices, 'route'>
type Field = readonly [name: string, value: string]

function challengeField(route: Route, services: RouteTokens): (() => Field | null) | null {
  const settings = settingsOf(route, CHALLENGE, challengeSettings)
  if (settings === null) return null
  try {
    const maker = challengeMaker(settings, services)
    return () => {
      const challenge = maker.make()
      return challenge === null ? null : [maker.name, challenge.value]
    }
  } catch {
    return null
  }
}

function infoField(route: Route, services: RouteTokens): (() => Field | null) | null {
  const settings = settingsOf(route, INFOS, infosSettings)
  if (settings === null) return null
  const name = nameOr(settings.header_name, services.headerNames.claim)
  try {
    const sign = tokenSigning(settings.algo, 'algo', services)
    return () => {
      const { issuer } = services.instance
      const claims = registeredClaims(issuer, 'HealthChecker', route.name, settings.ttl)
      const token = sign({ ...claims, access_type: 'public' })
      return token === null ? null : [name, token]
    }
  } catch {
    return null
  }
}

function settingsOf<T>(route: Route, plugin: string, schema: Schema<T>): T | null {
  const slot = route.plugins.find(one => one.enabled && one.plugin === plugin)
  const parsed = parse(schema, slot?.config ?? {})
  return parsed.ok ? parsed.value : null
}
