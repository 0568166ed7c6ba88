import type { RouteView } from './contract.ts'

/** Id of the organization of a route; that of the plugins for all routes is the default one. */
export function tenantOf({ json }: Pick<RouteView, 'json'>): string {
  const { tenant = 'default' } = (json['_loc'] ?? {}) as { readonly tenant?: string }
  return tenant
}
