/** Which keys may call a route, and what a key is allowed there. */
import type { ApikeyView, GrantKind } from '../../identity/apikey.ts'
import type { ClientRequest, PluginServices, RouteView } from '../../plugin/index.ts'
import { apiOf, compileRestrictions, type RestrictionVerdict } from '../restrictions.ts'
import type { KeyConstraints } from './key-constraints.ts'

/** A key that is granted on the route. */
export interface KeyOfRoute {
  readonly key: ApikeyView
  /** It fits the constraints of the route. */
  readonly fits: boolean
  /** Null: no restrictions. */
  readonly restricts: ((request: ClientRequest) => RestrictionVerdict) | null
}

/** Routes of a composition, and copies of a route, are granted by the id of what they come from. */
const ORIGINAL_ID = 'otoroshi-core-original-route-id'

/** Finds keys by id: null for keys that do not exist or are not granted on the route. */
export function routeKeys(
  { route, apikeys, log }: PluginServices,
  constraints: KeyConstraints,
  routing: boolean,
): (clientId: string) => KeyOfRoute | null {
  const grants = grantsOn(route)
  // What a key means for a route is worked out once: a changed key is another view.
  const known = new WeakMap<ApikeyView, KeyOfRoute | 'not granted'>()
  const workOut = (key: ApikeyView): KeyOfRoute | 'not granted' => {
    if (!grants.some(([kind, id]) => key.grantedOn(kind, id))) return 'not granted'
    return {
      key,
      fits: !routing || (constraints === null ? !key.json.constrainedServicesOnly : constraints(key)),
      restricts: compileRestrictions(key.restrictions, route, key, fault =>
        log('warn', `restrictions of the API key ${key.clientId}: ${fault}`),
      ),
    }
  }
  return clientId => {
    const key = apikeys.find(clientId)
    if (key === null) return null
    let here = known.get(key)
    if (here === undefined) {
      here = workOut(key)
      known.set(key, here)
    }
    return here === 'not granted' ? null : here
  }
}

function grantsOn(route: RouteView): readonly (readonly [GrantKind, string])[] {
  const { metadata, groups } = route
  const id = (Object.hasOwn(metadata, ORIGINAL_ID) ? metadata[ORIGINAL_ID] : undefined) ?? route.id
  const kinds: readonly GrantKind[] = ['service', 'route', 'route-composition', 'api']
  const api = apiOf(route)
  return [
    ...kinds.map(kind => [kind, id] as const),
    ...(api === null ? [] : [['api', api] as const]),
    ...groups.map(group => ['group', group] as const),
  ]
}
