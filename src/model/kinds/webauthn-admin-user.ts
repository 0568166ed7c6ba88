import { schema as v } from '../../schema/index.ts'
import { defineEntity } from '../entity.ts'
import { fill } from '../fill.ts'
import { location, metadata, tags } from '../types/common.ts'
import { emptyJson, field, identifier, json, number, required, text } from '../types/fields.ts'
import { userRightsSchema } from '../types/rights.ts'

export const webauthnAdminUserSchema = v.looseObject({
  _loc: location,
  username: required(identifier, 'Login'),
  password: required(text, 'Password, or its bcrypt hash: kept hashed and never answered. Needed to create'),
  label: required(text, 'Display name'),
  createdAt: field(number, 0, 'Creation, epoch milliseconds'),
  type: field(text, 'WEBAUTHN', 'SIMPLE or WEBAUTHN'),
  metadata,
  tags,
  rights: field(v.nullable(userRightsSchema), null, 'What the admin may see and change; null: nothing'),
  adminEntityValidators: field(json, emptyJson, 'Entity validators for this admin'),
  handle: required(text, 'The user as the devices know it'),
  credentials: field(v.record(v.string(), json), () => ({}), 'Public keys of the devices by their id'),
})
export type WebauthnAdminUser = v.InferOutput<typeof webauthnAdminUserSchema>

/** An administrator with a passkey. Made by a registration, so `/apis` does not create it. */
export const webauthnAdminUser = defineEntity<WebauthnAdminUser>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'WebauthnAdminUser',
  plural: 'webauthn-admins',
  singular: 'webauthn-admin',
  idField: 'username',
  storageKey: 'webauthn:admins',
  idPrefix: '',
  legacyPath: '/api/admins/webauthn',
  access: { read: true, create: false, update: false, delete: true, bulk: true },
  schema: webauthnAdminUserSchema,
  passwords: ['password'],
  served: false,
  hasTemplate: false,
  template: newId =>
    fill(webauthnAdminUserSchema, {
      username: newId,
      password: '',
      label: newId,
      createdAt: Date.now(),
      handle: newId,
    }),
})
