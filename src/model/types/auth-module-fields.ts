/** Fields that auth modules of several types share. */
import { schema as v } from '../../schema/index.ts'
import { count, emptyJson, emptyTexts, field, flag, json, required, text, texts } from './fields.ts'
import { userRightsSchema } from './rights.ts'

export const desc = field(text, '--', 'Free text for humans')
export const clientSideSession = field(flag, true, 'Keep the session in a signed cookie, too')
export const sessionMaxAge = field(count, 86400, 'Life of a session, seconds')
export const sessionCookieValues = field(
  v.looseObject({
    httpOnly: field(flag, true, 'Out of reach of scripts'),
    secure: field(flag, true, 'Only over TLS'),
  }),
  () => ({}),
  'Flags of the cookie',
)
export const userValidators = field(
  v.array(json),
  () => [],
  'What a user must look like: {path, value, error}',
)
export const remoteValidators = field(
  v.array(json),
  () => [],
  'Servers that must agree: {url, headers, timeout, tls_settings}',
)
export const allowedUsers = field(texts, emptyTexts, 'Emails that are accepted; none listed means all')
export const deniedUsers = field(texts, emptyTexts, 'Emails that are refused')
export const extraMetadata = field(json, emptyJson, 'Told to backends about every user')
export const entityValidatorsOverride = field(json, emptyJson, 'Entity validators of admins by email')
export const rightsOverride = field(
  v.record(v.string(), userRightsSchema),
  () => ({}),
  'Rights of admins by email',
)
export const dataOverride = field(json, emptyJson, 'What backends are told, by email')

// Whoever writes may give it in clear: it is hashed before it comes here. What is still in clear never works, and would
// lie in every export.
const passwordHash = v.pipe(
  v.string(),
  v.check(
    text => /^(\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$\{[^}]+\}|)$/.test(text),
    'Expected a bcrypt hash',
  ),
)

/** A user of an auth module of type `basic`. */
export const basicUserSchema = v.looseObject({
  name: field(text, '', 'Display name'),
  password: field(passwordHash, '', 'Password, or its bcrypt hash: kept hashed. Blank: none'),
  email: required(text, 'Email, and login'),
  metadata: field(json, emptyJson, 'Told to backends'),
  tags: field(texts, emptyTexts, 'Labels'),
  webauthn: field(v.nullable(json), null, 'Passkeys: {handle, credentials}'),
  rights: field(v.nullable(userRightsSchema), null, 'Rights as an admin; null: none'),
  adminEntityValidators: field(json, emptyJson, 'Entity validators as an admin'),
})
