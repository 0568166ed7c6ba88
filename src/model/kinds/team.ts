import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { description, id, metadata, name, tags } from '../types/common.ts'
import { field, identifier } from '../types/fields.ts'

// It stands before the id in the storage key, with a colon between.
const scope = v.pipe(identifier, v.excludes(':', 'Invalid tenant: colons are not accepted'))

export const teamSchema = v.looseObject({
  id,
  tenant: field(scope, 'default', 'Organization of the team'),
  name,
  description,
  metadata,
  tags,
})
export type Team = v.InferOutput<typeof teamSchema>

/** A team of an organization. Its storage key holds the organization too. */
export const team = defineEntity<Team>({
  group: 'organize.otoroshi.io',
  version: 'v1',
  kind: 'Team',
  plural: 'teams',
  singular: 'team',
  idField: 'id',
  storageKey: 'teams',
  idPrefix: '',
  legacyPath: '/api/teams',
  access: fullAccess,
  schema: teamSchema,
  served: false,
  references: [ref('tenant', 'Organization')],
  scopeField: 'tenant',
  template: (_newId, context) =>
    fill(teamSchema, {
      id: 'new-team',
      tenant: context?.tenant ?? 'default',
      name: 'New Team',
      description: 'A team to do whatever you want',
    }),
})
