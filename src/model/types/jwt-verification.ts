/** Parts of JWT verifiers: where a token is, what it must hold and what becomes of it. */
import { schema as v } from '../../schema/index.ts'
import { algoSettingsSchema } from './algo-settings.ts'
import {
  emptyJson,
  emptyMap,
  emptyTexts,
  field,
  flag,
  json,
  line,
  required,
  textMap,
  texts,
} from './fields.ts'

/** Where a token is read or written. */
export const jwtLocationSchema = v.variant('type', [
  v.looseObject({
    type: required(v.literal('InHeader'), 'A header'),
    name: required(line, 'Name of the header'),
    remove: field(line, '', 'Text cut from the start of the value, such as `Bearer `'),
  }),
  v.looseObject({
    type: required(v.literal('InQueryParam'), 'A query parameter'),
    name: required(line, 'Name of the parameter'),
  }),
  v.looseObject({
    type: required(v.literal('InCookie'), 'A cookie'),
    name: required(line, 'Name of the cookie'),
  }),
])
export type JwtLocation = v.InferOutput<typeof jwtLocationSchema>

// Required: leaving it out would mean to check nothing.
const verificationSettings = required(
  v.looseObject({
    fields: field(textMap, emptyMap, 'Claims and the values they must have'),
    arrayFields: field(textMap, emptyMap, 'Claims that are lists and what they must hold'),
  }),
  'What a token must hold',
)
const algoSettings = required(algoSettingsSchema, 'How the new token is signed')
const transformSettings = v.looseObject({
  location: required(jwtLocationSchema, 'Where the new token is put'),
  mappingSettings: field(
    v.looseObject({
      map: field(textMap, emptyMap, 'Claims that are renamed'),
      values: field(json, emptyJson, 'Claims that are set'),
      remove: field(texts, emptyTexts, 'Claims that are left away'),
    }),
    () => ({}),
    'Changes of the claims',
  ),
})

/** What happens with a token. */
export const jwtStrategySchema = v.variant('type', [
  v.looseObject({
    type: required(v.literal('PassThrough'), 'Verify, and pass it on as it came'),
    verificationSettings,
  }),
  v.looseObject({
    type: required(v.literal('Sign'), 'Verify, and sign it anew'),
    verificationSettings,
    algoSettings,
  }),
  v.looseObject({
    type: required(v.literal('Transform'), 'Verify, change its claims and sign it anew'),
    verificationSettings,
    transformSettings: required(transformSettings, 'The change'),
    algoSettings,
  }),
  v.looseObject({
    type: required(v.literal('DefaultToken'), 'Make one when there is none'),
    strict: field(flag, true, 'Refuse calls that bring a token'),
    token: required(json, 'Claims of the token'),
    verificationSettings,
  }),
])
export type JwtStrategy = v.InferOutput<typeof jwtStrategySchema>
