import { schema as v } from '../../schema/index.ts'
import { defineEntity } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef } from '../references.ts'
import { location, metadata, tags } from '../types/common.ts'
import { emptyJson, field, flag, json } from '../types/fields.ts'
import { userRightsSchema } from '../types/rights.ts'
import { sessionTimes, sessionUser } from '../types/user-session.ts'

export const adminSessionSchema = v.looseObject({
  _loc: location,
  ...sessionUser,
  simpleLogin: field(flag, false, 'A local administrator'),
  ...sessionTimes,
  metadata,
  tags,
  rights: field(v.nullable(userRightsSchema), null, 'What the admin may see and change; null: nothing'),
  adminEntityValidators: field(json, emptyJson, 'Entity validators for this admin'),
})
export type AdminSession = v.InferOutput<typeof adminSessionSchema>

/** An administrator who is logged in. Made by the login, ended by whoever deletes it. */
export const adminSession = defineEntity<AdminSession>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'AdminSession',
  plural: 'admin-sessions',
  singular: 'admin-session',
  idField: 'randomId',
  storageKey: 'users:backoffice',
  idPrefix: '',
  legacyPath: '/api/admin-sessions',
  access: { read: true, create: false, update: false, delete: true, bulk: true },
  schema: adminSessionSchema,
  served: false,
  expiryField: 'expiredAt',
  references: [looseRef('authConfigId', 'AuthModule')],
  hasTemplate: false,
  template: newId => fill(adminSessionSchema, { randomId: newId }),
})
