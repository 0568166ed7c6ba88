import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef, ref } from '../references.ts'
import { slotRefs } from '../types/plugin-references.ts'
import { backendSettingsSchema, normalizeBackend } from '../types/backend.ts'
import { description, id, location, metadata, name, routing, tags } from '../types/common.ts'
import { emptyTexts, field, optionalText, required, texts } from '../types/fields.ts'
import { frontendSchema, normalizeFrontend } from '../types/frontend.ts'
import { pluginSlots } from '../types/plugin-slot.ts'
import { mapField } from '../types/shape.ts'

export const routeSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  tags,
  metadata,
  ...routing,
  bound_listeners: field(
    texts,
    emptyTexts,
    'Extra listeners; when some are named, only these serve the route',
  ),
  frontend: field(frontendSchema, () => ({}), 'Which calls the route accepts'),
  backend: required(backendSettingsSchema, 'Where and how calls are sent'),
  backend_ref: optionalText('Stored backend used in place of the inline one'),
  plugins: pluginSlots,
})
export type Route = v.InferOutput<typeof routeSchema>

/** Accepts the shortcuts of frontends and backends, and no backend at all next to a `backend_ref`. */
export function normalizeRoute(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let route = mapField(input, 'frontend', normalizeFrontend)
  route = mapField(route, 'backend', normalizeBackend)
  const missing = route['backend'] === undefined || route['backend'] === null
  return missing && typeof route['backend_ref'] === 'string' ? { ...route, backend: {} } : route
}

/** What a route refers to; `at` is where it stands, such as `route.`. */
export const routeReferences = (at: string) => [
  ref(`${at}groups.*`, 'ServiceGroup'),
  ref(`${at}bound_listeners.*`, 'HttpListener'),
  ref(`${at}backend_ref`, 'Backend'),
  // Or subject names.
  looseRef(`${at}backend.targets.*.tls_config.certs.*`, 'Certificate'),
  slotRefs(`${at}plugins.*`),
]

/** A route through which calls pass to a backend. */
export const route = defineEntity<Route>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'Route',
  plural: 'routes',
  singular: 'route',
  idField: 'id',
  storageKey: 'routes',
  idPrefix: 'route',
  legacyPath: '/api/routes',
  access: fullAccess,
  schema: routeSchema,
  normalize: normalizeRoute,
  served: true,
  numerous: 'listed',
  references: routeReferences(''),
  template: (newId, context) =>
    fill(routeSchema, {
      id: newId,
      name: 'New route',
      description: 'A new route',
      frontend: { domains: [context?.routeBaseDomain ?? 'newroute.oto.tools'] },
      backend: { targets: [{ id: 'target_1', hostname: 'request.otoroshi.io', port: 443, tls: true }] },
      plugins: [{ plugin: 'cp:otoroshi.next.plugins.OverrideHost' }],
    }),
})
