import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef } from '../references.ts'
import { backendSettingsSchema, normalizeBackend } from '../types/backend.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { required } from '../types/fields.ts'
import { mapField } from '../types/shape.ts'

export const backendSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  tags,
  metadata,
  backend: required(backendSettingsSchema, 'Where and how calls are sent'),
})
export type Backend = v.InferOutput<typeof backendSchema>

/** A backend that several routes share by reference. */
export const backend = defineEntity<Backend>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'Backend',
  plural: 'backends',
  singular: 'backend',
  idField: 'id',
  storageKey: 'backends',
  idPrefix: 'backend',
  legacyPath: '/api/backends',
  access: fullAccess,
  schema: backendSchema,
  normalize: input => mapField(input, 'backend', normalizeBackend),
  served: true,
  references: [looseRef('backend.targets.*.tls_config.certs.*', 'Certificate')],
  template: newId =>
    fill(backendSchema, { id: newId, name: 'New backend', description: 'New backend', backend: {} }),
})
