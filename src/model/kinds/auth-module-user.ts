import { schema as v } from '../../schema/index.ts'
import { defineEntity } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { location, metadata, tags } from '../types/common.ts'
import { field, json, optionalText } from '../types/fields.ts'
import { sessionTimes, sessionUser } from '../types/user-session.ts'

export const authModuleUserSchema = v.looseObject({
  _loc: location,
  ...sessionUser,
  realm: optionalText('End of the name of its cookie'),
  otoroshiData: field(v.nullable(json), null, 'What backends are told of the user'),
  ...sessionTimes,
  metadata,
  tags,
})
export type AuthModuleUser = v.InferOutput<typeof authModuleUserSchema>

/** A user of routes who is logged in through an auth module. Made by the login, ended by whoever deletes it. */
export const authModuleUser = defineEntity<AuthModuleUser>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'AuthModuleUser',
  plural: 'auth-module-users',
  singular: 'auth-module-user',
  idField: 'randomId',
  storageKey: 'users:private',
  idPrefix: '',
  legacyPath: '/api/apps-sessions',
  access: { read: true, create: false, update: false, delete: true, bulk: true },
  schema: authModuleUserSchema,
  served: true,
  numerous: 'looked-up',
  expiryField: 'expiredAt',
  references: [ref('authConfigId', 'AuthModule')],
  hasTemplate: false,
  template: newId => fill(authModuleUserSchema, { randomId: newId }),
})
