import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { count, emptyTexts, field, flag, texts } from '../types/fields.ts'

export const corazaConfigSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  metadata,
  tags,
  inspect_in_body: field(flag, true, 'Look into request bodies'),
  inspect_out_body: field(flag, true, 'Look into answer bodies'),
  is_blocking_mode: field(flag, true, 'Refuse what matches, rather than only tell'),
  include_owasp_crs: field(flag, true, 'With the OWASP core rule set'),
  directives: field(texts, emptyTexts, 'SecLang directives'),
  pool_capacity: field(count, 2, 'Instances at once'),
})
export type CorazaConfig = v.InferOutput<typeof corazaConfigSchema>

/** Rules of a web application firewall. */
export const corazaConfig = defineEntity<CorazaConfig>({
  group: 'coraza-waf.extensions.otoroshi.io',
  version: 'v1',
  kind: 'CorazaConfig',
  plural: 'coraza-configs',
  singular: 'coraza-config',
  idField: 'id',
  storageKey: 'extensions:otoroshi_extensions_corazawaf:configs',
  idPrefix: 'coraza-waf-config',
  legacyPath: null,
  access: fullAccess,
  schema: corazaConfigSchema,
  served: false,
  extension: 'otoroshi.extensions.CorazaWAF',
  template: newId => fill(corazaConfigSchema, { id: newId, name: 'New WAF', description: 'New WAF' }),
})
