/** From entities to the routes they stand for: a route is one, a route composition one per item. */
import { routeComposition } from '../../model/kinds/route-composition.ts'
import { readEntity } from '../../model/read.ts'
import { describeFaults } from '../../schema/index.ts'
import { topLevelFields } from './top-level-fields.ts'

/** One route to be put into the router. */
export interface RouteSource {
  /** Unique in the router. */
  readonly key: string
  /** The route as JSON, not validated. */
  readonly json: Readonly<Record<string, unknown>>
}

export type RouteSources =
  | { readonly ok: true; readonly sources: readonly RouteSource[] }
  | { readonly ok: false; readonly fault: string }

/** Kinds that become routes. */
export const routeKinds: readonly string[] = ['Route', 'RouteComposition']

/** Reads the routes of a stored text. Never throws. */
export function routesOf(kind: string, id: string, text: string): RouteSources {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { ok: false, fault: 'the stored text is not JSON' }
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { ok: false, fault: 'the stored text is not an object' }
  if (kind === 'Route') return { ok: true, sources: [{ key: id, json: json as Record<string, unknown> }] }
  return expand(id, json)
}

/** What the place of a route in the router is made of. */
const placeFields = new Set(['frontend', 'enabled', 'bound_listeners', 'backend_ref'])

/**
 * The same with no more of each route than its place in the router, where that is cheaper. What is wrong with the rest is
 * told by who compiles the route.
 */
export function placesOf(kind: string, id: string, text: string): RouteSources {
  const json = kind === 'Route' ? topLevelFields(text, placeFields) : null
  return json === null ? routesOf(kind, id, text) : { ok: true, sources: [{ key: id, json }] }
}

function expand(id: string, json: unknown): RouteSources {
  const parsed = readEntity(routeComposition, json)
  if (!parsed.ok) return { ok: false, fault: describeFaults(parsed.faults) }
  const { routes, client, plugins, ...shared } = parsed.value
  const sources = routes.map((item, index): RouteSource => {
    const own = item.plugins ?? []
    const paths = item.frontend.domains.map(domain =>
      domain.slice(domain.indexOf('/') < 0 ? domain.length : domain.indexOf('/')),
    )
    return {
      key: `${id}#${index}`,
      json: {
        ...shared,
        name: `${shared.name} - ${item.frontend.methods.join(', ')} - ${paths.join(', ')}`,
        metadata: {
          ...shared.metadata,
          'otoroshi-core-original-route-id': id,
          'otoroshi-core-cacheable-route-id': `${id}-${index}`,
        },
        frontend: item.frontend,
        backend: { ...item.backend, client },
        backend_ref: item.backend_ref,
        plugins: item.override_plugins === true ? own : [...own, ...plugins],
      },
    }
  })
  return { ok: true, sources }
}
