import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyJson, field, json, text } from '../types/fields.ts'

export const draftSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  content: field(json, emptyJson, 'The drafted entity'),
  kind: field(text, '', 'Kind of the drafted entity'),
  metadata,
  tags,
})
export type Draft = v.InferOutput<typeof draftSchema>

/** Work in progress on another entity; usually has its id. */
export const draft = defineEntity<Draft>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'Draft',
  plural: 'drafts',
  singular: 'draft',
  idField: 'id',
  storageKey: 'drafts',
  idPrefix: 'draft',
  legacyPath: null,
  access: fullAccess,
  schema: draftSchema,
  served: true,
  template: newId =>
    fill(draftSchema, { id: newId, name: 'New draft', description: 'New draft', kind: 'kind' }),
})
