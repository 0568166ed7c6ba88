import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, metadata, name, tags } from '../types/common.ts'

export const organizationSchema = v.looseObject({ id, name, description, metadata, tags })
export type Organization = v.InferOutput<typeof organizationSchema>

/** An organization (tenant). It has no location: it is one. */
export const organization = defineEntity<Organization>({
  group: 'organize.otoroshi.io',
  version: 'v1',
  kind: 'Organization',
  plural: 'organizations',
  singular: 'organization',
  idField: 'id',
  storageKey: 'tenants',
  idPrefix: '',
  legacyPath: '/api/tenants',
  access: fullAccess,
  schema: organizationSchema,
  served: false,
  template: () =>
    fill(organizationSchema, {
      id: 'new-organization',
      name: 'New Organization',
      description: 'A organization to do whatever you want',
    }),
})

/** The same entities under their older name. */
export const tenant = defineEntity<Organization>({
  ...organization,
  kind: 'Tenant',
  plural: 'tenants',
  singular: 'tenant',
  aliasOf: 'Organization',
})
