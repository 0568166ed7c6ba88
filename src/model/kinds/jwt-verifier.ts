import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { algoSettingsSchema, defaultAlgoSettings } from '../types/algo-settings.ts'
import { id, location, metadata, name, tags } from '../types/common.ts'
import { field, flag, required, text } from '../types/fields.ts'
import { jwtLocationSchema, jwtStrategySchema } from '../types/jwt-verification.ts'

export const jwtVerifierSchema = v.looseObject({
  _loc: location,
  type: field(text, 'global', 'Always `global`'),
  id,
  name,
  desc: field(text, '', 'Free text for humans'),
  strict: field(flag, true, 'Refuse calls without token'),
  source: required(jwtLocationSchema, 'Where the token is'),
  algoSettings: required(algoSettingsSchema, 'How the token is verified'),
  strategy: required(jwtStrategySchema, 'What happens with the token'),
  metadata,
  tags,
})
export type JwtVerifier = v.InferOutput<typeof jwtVerifierSchema>

/** How JSON web tokens of callers are verified and passed on. */
export const jwtVerifier = defineEntity<JwtVerifier>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'JwtVerifier',
  plural: 'jwt-verifiers',
  singular: 'jwt-verifier',
  idField: 'id',
  storageKey: 'jwt:verifiers',
  idPrefix: 'jwt_verifier',
  legacyPath: '/api/verifiers',
  access: fullAccess,
  schema: jwtVerifierSchema,
  served: true,
  references: [ref('algoSettings.certId', 'Certificate'), ref('strategy.algoSettings.certId', 'Certificate')],
  template: newId =>
    fill(jwtVerifierSchema, {
      id: newId,
      name: 'New jwt verifier',
      desc: 'New jwt verifier',
      source: { type: 'InHeader', name: 'X-JWT-Token' },
      algoSettings: defaultAlgoSettings(),
      strategy: { type: 'PassThrough', verificationSettings: {} },
    }),
})
