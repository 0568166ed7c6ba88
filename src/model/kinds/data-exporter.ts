import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { looseRef, ref } from '../references.ts'
import { id, location, metadata, name, tags } from '../types/common.ts'
import { count, emptyJson, field, flag, json, required, text } from '../types/fields.ts'
import { exporterTemplates } from '../types/exporter-templates.ts'
import { isObject } from '../types/shape.ts'

const matchers = v.array(json)

/** What an exporter may be. */
export const exporterTypes = [
  'kafka',
  'pulsar',
  'elastic',
  'webhook',
  'http',
  'splunk',
  'datadog',
  'newrelic',
  'workflow',
  'file',
  'goreplayfile',
  's3',
  'goreplays3',
  'mailer',
  'custom',
  'console',
  'metrics',
  'custommetrics',
  'wasm',
  'otlp-logs',
  'otlp-metrics',
  'tcp',
  'udp',
  'syslog',
  'jms',
  'postgresql',
  'user-analytics',
] as const

export const dataExporterSchema = v.looseObject({
  _loc: location,
  type: required(v.picklist(exporterTypes), 'Kind of exporter'),
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
  // Of other types `ref` names a plugin.
  references: [looseRef('config.ref', 'Workflow'), ref('config.wasm_ref', 'WasmPlugin')],
  template: (newId, context) => templateOfType(newId, context?.type ?? ''),
})

// The names of the templates are not those of the types; an unknown name gives a mailer that prints, as upstream.
function templateOfType(newId: string, type: string): DataExporter {
  const known = Object.hasOwn(exporterTemplates, type) ? exporterTemplates[type] : undefined
  const { settings, config } = known ?? { config: { type: 'console' } }
  const name = `New ${known?.label ?? 'console'} exporter config`
  return v.parse(dataExporterSchema, {
    type: known === undefined ? 'mailer' : (known.type ?? type),
    id: newId,
    name,
    desc: known?.description ?? name,
    ...settings,
    config: structuredClone(config),
  })
}
