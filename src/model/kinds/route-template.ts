import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { newId as newIdOf } from '../ids.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { required } from '../types/fields.ts'
import { isObject, mapField } from '../types/shape.ts'
import { normalizeRoute, route, routeReferences, routeSchema } from './route.ts'

export const routeTemplateSchema = v.looseObject({
  // Not `_loc`: the name is upstream's.
  location,
  id,
  name,
  description,
  tags,
  metadata,
  route: required(routeSchema, 'The route to start from'),
})
export type RouteTemplate = v.InferOutput<typeof routeTemplateSchema>

/** A route to start from. It is not routed. */
export const routeTemplate = defineEntity<RouteTemplate>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'RouteTemplate',
  plural: 'route-templates',
  singular: 'route-template',
  idField: 'id',
  storageKey: 'route-templates',
  idPrefix: 'route-template',
  legacyPath: null,
  access: fullAccess,
  schema: routeTemplateSchema,
  normalize: input => mapField(input, 'route', given => (isObject(given) ? normalizeRoute(given) : given)),
  served: false,
  references: routeReferences('route.'),
  template: newId =>
    fill(routeTemplateSchema, {
      id: newId,
      name: 'New route template',
      description: 'New route template description',
      route: {
        id: newIdOf(route),
        name: 'empty route',
        description: 'empty route',
        frontend: { domains: ['empty.oto.tools'] },
        backend: {},
      },
    }),
})
