import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef } from '../references.ts'
import { description, location, metadata, name, tags } from '../types/common.ts'
import { emptyMap, field, identifier, required, text, textMap } from '../types/fields.ts'

export const errorTemplateSchema = v.looseObject({
  _loc: location,
  serviceId: required(identifier, 'Route the template is for, or `global`'),
  name,
  description,
  metadata,
  tags,
  template40x: field(text, '', 'HTML of 4xx answers'),
  template50x: field(text, '', 'HTML of 5xx answers'),
  templateBuild: field(text, '', 'HTML of the construction page'),
  templateMaintenance: field(text, '', 'HTML of the maintenance page'),
  genericTemplates: field(textMap, emptyMap, 'HTML by status pattern or cause'),
  messages: field(textMap, emptyMap, 'Texts by `message-<status>` or cause'),
})
export type ErrorTemplate = v.InferOutput<typeof errorTemplateSchema>

/** Pages of the errors the gateway answers itself. */
export const errorTemplate = defineEntity<ErrorTemplate>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'ErrorTemplate',
  plural: 'error-templates',
  singular: 'error-templates',
  idField: 'serviceId',
  storageKey: 'templates',
  idPrefix: '',
  legacyPath: '/api/error-templates',
  access: fullAccess,
  schema: errorTemplateSchema,
  served: true,
  // Or `global`, or a service descriptor.
  references: [looseRef('serviceId', 'Route'), looseRef('serviceId', 'ServiceDescriptor')],
  template: () =>
    fill(errorTemplateSchema, {
      serviceId: 'route_id',
      name: 'error template',
      description: 'error template',
    }),
})
