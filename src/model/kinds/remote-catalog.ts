import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyJson, field, flag, json, text } from '../types/fields.ts'
import { scheduleFields } from '../types/schedule.ts'

export const remoteCatalogSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  metadata,
  tags,
  enabled: field(flag, true, 'Usable or not'),
  source_kind: field(text, 'http', 'Where entities come from: http, file, git hosts, s3 …'),
  source_config: field(json, emptyJson, 'Settings of the source'),
  scheduling: field(
    v.looseObject({ ...scheduleFields, deploy_args: field(json, emptyJson, 'Arguments of the deployment') }),
    () => ({}),
    'Deployment by itself',
  ),
  test_deploy_args: field(json, emptyJson, 'Arguments of a test'),
})
export type RemoteCatalog = v.InferOutput<typeof remoteCatalogSchema>

/** A place outside that entities are deployed from. */
export const remoteCatalog = defineEntity<RemoteCatalog>({
  group: 'catalogs.otoroshi.io',
  version: 'v1',
  kind: 'RemoteCatalog',
  plural: 'remote-catalogs',
  singular: 'remote-catalog',
  idField: 'id',
  storageKey: 'extensions:otoroshi_extensions_remotecatalogs:remote-catalogs',
  idPrefix: 'remote-catalog',
  legacyPath: null,
  access: fullAccess,
  schema: remoteCatalogSchema,
  served: false,
  extension: 'otoroshi.extensions.RemoteCatalogs',
  template: newId =>
    fill(remoteCatalogSchema, {
      id: newId,
      name: 'New Remote Catalog',
      description: 'New Remote Catalog',
    }),
})
