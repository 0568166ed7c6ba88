import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { id, location, metadata, name, tags } from '../types/common.ts'
import { field, required, text } from '../types/fields.ts'

/** What a script may be. */
export const scriptTypes = [
  'app',
  'transformer',
  'validator',
  'preroute',
  'sink',
  'job',
  'exporter',
  'request-handler',
  'composite',
  'listener',
  'tunnel-handler',
] as const

export const scriptSchema = v.looseObject({
  _loc: location,
  id,
  name,
  desc: field(text, '--', 'Free text for humans'),
  code: required(text, 'Scala source'),
  type: field(v.picklist(scriptTypes), 'transformer', 'Kind of plugin'),
  metadata,
  tags,
})
export type Script = v.InferOutput<typeof scriptSchema>

/** A plugin of the older engine as Scala source. Kept so that nothing of a store is lost; never run. */
export const script = defineEntity<Script>({
  group: 'plugins.otoroshi.io',
  version: 'v1',
  kind: 'Script',
  plural: 'scripts',
  singular: 'script',
  idField: 'id',
  storageKey: 'scripts',
  idPrefix: 'script',
  legacyPath: '/api/scripts',
  access: fullAccess,
  schema: scriptSchema,
  served: false,
  deprecated: true,
  template: newId =>
    fill(scriptSchema, {
      id: newId,
      name: 'New request transformer',
      desc: 'New request transformer',
      code: '// Scala source. This gateway keeps it and does not run it.\n',
    }),
})
