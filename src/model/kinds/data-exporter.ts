import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { id, location, metadata, name, tags } from '../types/common.ts'
import { count, emptyJson, field, flag, json, required, text } from '../types/fields.ts'
import { isObject } from '../types/shape.ts'

const matchers = v.array(json)

export const dataExporterSchema = v.looseObject({
  _loc: location,
  type: required(text, 'Kind of exporter: kafka, elastic, webhook, file, console …'),
  enabled: field(flag, false, 'Exporting or not'),
  id,
  name,
  desc: field(text, '--', 'Free text for humans'),
  metadata,
  tags,
  bufferSize: field(count, 5000, 'Events held before some are dropped'),
  jsonWorkers: field(count, 1, 'Parallel serialisations'),
  sendWorkers: field(count, 5, 'Parallel sends'),
  groupSize: field(count, 100, 'Events per batch'),
  groupDuration: field(count, 30000, 'Longest wait for a batch, milliseconds'),
  projection: field(json, emptyJson, 'Parts of the event that are kept; empty keeps all'),
  filtering: field(
    v.looseObject({
      include: field(matchers, () => [], 'One must match, unless there is none'),
      exclude: field(matchers, () => [], 'None may match'),
    }),
    () => ({}),
    'Events that are kept',
  ),
  customFilter: field(v.nullable(json), null, 'Filter by plugin: {kind, ref, config}'),
  customTransform: field(v.nullable(json), null, 'Transformation by plugin: {kind, ref, config}'),
  config: required(json, 'Settings of the kind of exporter'),
})
export type DataExporter = v.InferOutput<typeof dataExporterSchema>

// A plugin reference whose ref is blank says nothing.
function withoutBlank(value: unknown): unknown {
  if (!isObject(value)) return value
  const ref = value['ref']
  return typeof ref === 'string' && ref.trim() !== '' ? value : null
}

/** Where events are sent. */
export const dataExporter = defineEntity<DataExporter>({
  group: 'events.otoroshi.io',
  version: 'v1',
  kind: 'DataExporter',
  plural: 'data-exporters',
  singular: 'data-exporter',
  idField: 'id',
  storageKey: 'data-exporters',
  idPrefix: 'data_exporter',
  legacyPath: '/api/data-exporter-configs',
  access: fullAccess,
  schema: dataExporterSchema,
  normalize: input => ({
    ...input,
    customFilter: withoutBlank(input['customFilter']),
    customTransform: withoutBlank(input['customTransform']),
  }),
  served: true,
  template: newId =>
    fill(dataExporterSchema, {
      type: 'mailer',
      id: newId,
      name: 'New console exporter config',
      desc: 'New console exporter config',
      config: { type: 'console' },
    }),
})
