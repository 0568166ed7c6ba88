import { schema as v } from '../../schema/index.ts'
import { defineEntity } from '../entity.ts'
import { fill } from '../fill.ts'
import { location, metadata, tags } from '../types/common.ts'
import { emptyJson, field, identifier, json, number, required, text } from '../types/fields.ts'
import { userRightsSchema } from '../types/rights.ts'

export const simpleAdminUserSchema = v.looseObject({
  _loc: location,
  username: required(identifier, 'Login'),
  password: required(text, 'Password, or its bcrypt hash: kept hashed and never answered. Needed to create'),
  label: required(text, 'Display name'),
  createdAt: field(number, 0, 'Creation, epoch milliseconds'),
  type: field(text, 'SIMPLE', 'SIMPLE or WEBAUTHN'),
  metadata,
  tags,
  rights: field(v.nullable(userRightsSchema), null, 'What the admin may see and change'),
  adminEntityValidators: field(json, emptyJson, 'Entity validators for this admin'),
})
export type SimpleAdminUser = v.InferOutput<typeof simpleAdminUserSchema>

/** A local administrator. */
export const simpleAdminUser = defineEntity<SimpleAdminUser>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'SimpleAdminUser',
  plural: 'admins',
  singular: 'admins',
  idField: 'username',
  storageKey: 'admins',
  idPrefix: '',
  legacyPath: '/api/admins/simple',
  access: { read: true, create: true, update: false, delete: true, bulk: true },
  schema: simpleAdminUserSchema,
  passwords: ['password'],
  served: false,
  hasTemplate: false,
  template: newId =>
    fill(simpleAdminUserSchema, { username: newId, password: '', label: newId, createdAt: Date.now() }),
})
