import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef, ref } from '../references.ts'
import { slotRefs } from '../types/plugin-references.ts'
import { minimalBackendSchema, normalizeBackend } from '../types/backend.ts'
import { clientSettingsSchema } from '../types/client.ts'
import { description, id, location, metadata, name, routing, tags } from '../types/common.ts'
import { absent, field, flag, optionalText } from '../types/fields.ts'
import { frontendSchema, normalizeFrontend } from '../types/frontend.ts'
import { pluginSlotSchema, pluginSlots } from '../types/plugin-slot.ts'
import { isObject, mapField, mapItems } from '../types/shape.ts'

const itemSchema = v.looseObject({
  frontend: field(frontendSchema, () => ({}), 'Which calls the item accepts'),
  backend: field(minimalBackendSchema, () => ({}), 'Where calls are sent'),
  backend_ref: optionalText('Stored backend used in place of the inline one'),
  override_plugins: absent(v.nullable(flag), 'Use only the plugins of the item'),
  plugins: absent(v.nullable(v.array(pluginSlotSchema)), 'Plugins of the item'),
})

export const routeCompositionSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  tags,
  metadata,
  ...routing,
  routes: field(v.array(itemSchema), () => [], 'Each item becomes a route'),
  client: field(clientSettingsSchema, () => ({}), 'Client settings of every item'),
  plugins: pluginSlots,
})
export type RouteComposition = v.InferOutput<typeof routeCompositionSchema>

function normalizeItem(item: unknown): unknown {
  if (!isObject(item)) return item
  return mapField(mapField(item, 'frontend', normalizeFrontend), 'backend', normalizeBackend)
}

/** Several routes that share plugins and client settings. */
export const routeComposition = defineEntity<RouteComposition>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'RouteComposition',
  plural: 'route-compositions',
  singular: 'route-composition',
  idField: 'id',
  storageKey: 'ngroutecomps',
  idPrefix: 'route',
  legacyPath: '/api/route-compositions',
  access: fullAccess,
  schema: routeCompositionSchema,
  normalize: input => mapField(input, 'routes', routes => mapItems(routes, normalizeItem)),
  served: true,
  references: [
    ref('groups.*', 'ServiceGroup'),
    ref('routes.*.backend_ref', 'Backend'),
    looseRef('routes.*.backend.targets.*.tls_config.certs.*', 'Certificate'),
    slotRefs('routes.*.plugins.*'),
    slotRefs('plugins.*'),
  ],
  template: newId =>
    fill(routeCompositionSchema, {
      id: newId,
      name: 'empty route-composition',
      description: 'empty route-composition',
    }),
})
