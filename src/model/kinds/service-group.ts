import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'

export const serviceGroupSchema = v.looseObject({ _loc: location, id, name, description, tags, metadata })
export type ServiceGroup = v.InferOutput<typeof serviceGroupSchema>

/** A group of routes; API keys are granted per group. */
export const serviceGroup = defineEntity<ServiceGroup>({
  group: 'organize.otoroshi.io',
  version: 'v1',
  kind: 'ServiceGroup',
  plural: 'service-groups',
  singular: 'service-group',
  idField: 'id',
  storageKey: 'sgroup',
  idPrefix: 'group',
  legacyPath: '/api/groups',
  access: fullAccess,
  schema: serviceGroupSchema,
  served: true,
  template: newId =>
    fill(serviceGroupSchema, { id: newId, name: 'product-group', description: 'group for product' }),
})
