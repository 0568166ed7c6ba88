/** What an auth module may be: each type has fields of its own, in upstream's order. */
import { schema as v } from '../../schema/index.ts'
import { algoSettingsSchema } from './algo-settings.ts'
import * as shared from './auth-module-fields.ts'
import { proxySchema } from './client.ts'
import { id, location, metadata, name, tags } from './common.ts'
import {
  absent,
  count,
  emptyJson,
  field,
  flag,
  json,
  line,
  optionalText,
  required,
  text,
  texts,
  emptyTexts,
} from './fields.ts'
import { mtlsConfigSchema, tlsConfigSchema } from './tls.ts'

const flagged = (what: string) => field(flag, false, what)
const url = (fallback: string, what: string) => field(line, fallback, what)
/** Stands in addresses of providers that nobody has given. */
export const placeholderServer = 'http://localhost:8082'

export const basicSchema = v.looseObject({
  _loc: location,
  type: required(v.literal('basic'), 'Users kept in the module'),
  id,
  name,
  desc: shared.desc,
  basicAuth: flagged('Accept basic credentials'),
  webauthn: flagged('With passkeys'),
  clientSideSessionEnabled: shared.clientSideSession,
  sessionMaxAge: shared.sessionMaxAge,
  metadata,
  tags,
  users: field(v.array(shared.basicUserSchema), () => [], 'The users'),
  sessionCookieValues: shared.sessionCookieValues,
  userValidators: shared.userValidators,
  allowedUsers: shared.allowedUsers,
  deniedUsers: shared.deniedUsers,
  remoteValidators: shared.remoteValidators,
})

export const oauth2Schema = v.looseObject({
  _loc: location,
  type: required(v.picklist(['oauth2', 'oauth2-global']), 'OAuth 2 or OpenID Connect'),
  id,
  name,
  desc: shared.desc,
  clientSideSessionEnabled: shared.clientSideSession,
  sessionMaxAge: shared.sessionMaxAge,
  userValidators: shared.userValidators,
  remoteValidators: shared.remoteValidators,
  clientId: field(text, 'client', 'Client id'),
  clientSecret: field(text, 'secret', 'Client secret; blank: not sent'),
  authorizeUrl: url(`${placeholderServer}/oauth/authorize`, 'Kept for compatibility: loginUrl is used'),
  tokenUrl: url(`${placeholderServer}/oauth/token`, 'Gives tokens'),
  userInfoUrl: url(`${placeholderServer}/userinfo`, 'Gives profiles'),
  introspectionUrl: url(`${placeholderServer}/token/introspect`, 'Tells about tokens'),
  loginUrl: url(`${placeholderServer}/login`, 'Where users log in'),
  logoutUrl: url(`${placeholderServer}/logout`, 'Where users log out'),
  scope: field(line, 'openid profile email name', 'Scope asked for'),
  claims: field(line, 'email name', 'Claims asked for'),
  useCookie: flagged('Keep the descriptor in a cookie rather than in the URL'),
  useJson: flagged('Call with JSON rather than with forms'),
  pkce: field(
    v.nullable(
      v.looseObject({
        enabled: flagged('On or off'),
        algorithm: field(v.picklist(['S256', 'plain']), 'S256', 'Kind of challenge'),
      }),
    ),
    null,
    'Proof key for code exchange (RFC 7636)',
  ),
  noWildcardRedirectURI: flagged('Always the same redirect URI'),
  readProfileFromToken: flagged('Take the profile from the token'),
  accessTokenField: field(text, 'access_token', 'Field of the token'),
  jwtVerifier: field(v.nullable(algoSettingsSchema), null, 'How tokens are verified'),
  nameField: field(text, 'name', 'Field of the name'),
  emailField: field(text, 'email', 'Field of the email'),
  apiKeyMetaField: field(text, 'apkMeta', 'Field of metadata an API key must have'),
  apiKeyTagsField: field(text, 'apkTags', 'Field of tags an API key must have'),
  otoroshiDataField: field(text, 'app_metadata|otoroshi_data', 'Field of what backends are told'),
  callbackUrl: url('http://privateapps.oto.tools:8080/privateapps/generic/callback', 'Where users come back'),
  oidConfig: field(v.nullable(line), null, 'OpenID configuration it was made from'),
  mtlsConfig: field(mtlsConfigSchema, () => ({}), 'TLS towards the provider'),
  proxy: field(proxySchema, emptyJson, 'Outgoing proxy'),
  extraMetadata: shared.extraMetadata,
  metadata,
  tags,
  refreshTokens: flagged('Refresh tokens before they end'),
  sessionCookieValues: shared.sessionCookieValues,
  superAdmins: flagged('Whoever logs in, administers everything'),
  rightsOverride: shared.rightsOverride,
  dataOverride: shared.dataOverride,
  otoroshiRightsField: field(text, 'otoroshi_rights', 'Field of the rights'),
  // Beyond upstream: absent they change nothing, and are not written.
  issuer: absent(v.nullable(line), 'Who issues ID tokens; else whom oidConfig names'),
  clientAuthentication: absent(
    v.picklist(['client_secret_post', 'client_secret_basic', 'private_key_jwt', 'none']),
    'How the client shows who it is; client_secret_post unless given',
  ),
  clientKeyId: absent(v.nullable(text), 'Certificate whose key signs for private_key_jwt'),
  userInfoMethod: absent(v.picklist(['bearer', 'post']), 'How profiles are asked for; bearer unless given'),
  callTimeout: absent(
    v.pipe(count, v.minValue(1)),
    'Longest wait for the provider, milliseconds; 10000 unless given',
  ),
  allowedUsers: shared.allowedUsers,
  deniedUsers: shared.deniedUsers,
  adminEntityValidatorsOverride: shared.entityValidatorsOverride,
})

export const ldapSchema = v.looseObject({
  _loc: location,
  type: required(v.literal('ldap'), 'A directory'),
  id,
  name,
  desc: shared.desc,
  basicAuth: flagged('Accept basic credentials'),
  allowEmptyPassword: flagged('Ask the directory even without a password'),
  clientSideSessionEnabled: shared.clientSideSession,
  sessionMaxAge: shared.sessionMaxAge,
  userValidators: shared.userValidators,
  remoteValidators: shared.remoteValidators,
  serverUrls: field(v.array(line), emptyTexts, 'Servers, asked in turn when one is down'),
  searchBase: required(text, 'Where everything is'),
  userBase: optionalText('Where users are, before searchBase'),
  groupFilters: field(
    v.array(
      v.looseObject({
        group: required(text, 'Filter that finds the group'),
        team: field(text, '', 'Team of its members'),
        tenant: field(text, '', 'Organization of its members'),
      }),
    ),
    () => [],
    'Groups of which a user must be a member of one; none listed: no group needed',
  ),
  searchFilter: required(text, 'Filter that finds the user; `${username}` is the login'),
  adminUsername: optionalText('Who searches'),
  adminPassword: optionalText('Its password'),
  nameField: required(text, 'Attribute of the name'),
  emailField: required(text, 'Attribute of the email'),
  metadataField: optionalText('Attribute of what backends are told'),
  extraMetadata: shared.extraMetadata,
  metadata,
  tags,
  sessionCookieValues: shared.sessionCookieValues,
  superAdmins: flagged('Whoever logs in, administers everything'),
  extractProfile: flagged('Keep the attributes of the user'),
  extractProfileFilter: field(texts, emptyTexts, 'Attributes that are kept'),
  extractProfileFilterNot: field(texts, emptyTexts, 'Attributes that are not'),
  rightsOverride: shared.rightsOverride,
  dataOverride: shared.dataOverride,
  allowedUsers: shared.allowedUsers,
  deniedUsers: shared.deniedUsers,
  groupRights: field(json, emptyJson, 'Rights by name: {rights, users}'),
  // Beyond upstream: absent they change nothing, and are not written.
  startTls: absent(flag, 'Turn to TLS before anything is said, on ldap:// addresses'),
  tlsConfig: absent(v.nullable(tlsConfigSchema), 'TLS towards the servers'),
  nestedGroups: absent(flag, 'Members of groups in a group are members of it'),
  callTimeout: absent(
    v.pipe(count, v.minValue(1)),
    'Longest wait for a server, milliseconds; 5000 unless given',
  ),
  adminEntityValidatorsOverride: shared.entityValidatorsOverride,
})

const key = (what: string) =>
  field(
    v.looseObject({
      certificate: optionalText('Certificate, PEM'),
      privateKey: optionalText('Private key, PEM'),
      certId: optionalText('Stored certificate'),
      useOtoroshiCertificate: flagged('Use the stored one'),
    }),
    () => ({}),
    what,
  )
const binding = (what: string) => field(v.picklist(['redirect', 'post']), 'redirect', what)

export const samlSchema = v.looseObject({
  _loc: location,
  type: required(v.literal('saml'), 'SAML 2'),
  id,
  name,
  desc: shared.desc,
  sessionMaxAge: shared.sessionMaxAge,
  clientSideSessionEnabled: shared.clientSideSession,
  userValidators: shared.userValidators,
  remoteValidators: shared.remoteValidators,
  allowedUsers: shared.allowedUsers,
  deniedUsers: shared.deniedUsers,
  singleSignOnUrl: required(line, 'Where users log in'),
  singleLogoutUrl: field(v.nullable(line), null, 'Where users log out'),
  credentials: required(
    v.looseObject({
      signingKey: key('Signs requests'),
      encryptionKey: key('Decrypts assertions'),
      signedDocuments: flagged('Sign requests'),
      encryptedAssertions: flagged('Assertions are encrypted'),
    }),
    'Our keys',
  ),
  tags,
  metadata,
  extraMetadata: shared.extraMetadata,
  sessionCookieValues: shared.sessionCookieValues,
  issuer: required(text, 'Who we are, and who the provider must be'),
  validatingCertificates: field(texts, emptyTexts, 'Certificates of the provider, PEM'),
  validateSignature: required(flag, 'Answers must be signed'),
  validateAssertions: required(flag, 'Assertions must be signed'),
  signature: required(
    v.looseObject({
      algorithm: required(v.picklist(['rsa_sha512', 'rsa_sha256', 'rsa_sha1', 'dsa_sha1']), 'Algorithm'),
      canocalizationMethod: required(v.picklist(['exclusive', 'with_comments']), 'Canonical form'),
    }),
    'How requests are signed',
  ),
  nameIDFormat: field(
    v.picklist(['persistent', 'transient', 'kerberos', 'entity', 'emailAddress', 'unspecified']),
    'transient',
    'Form of the name',
  ),
  ssoProtocolBinding: binding('How the login is asked for'),
  singleLogoutProtocolBinding: binding('How the logout is asked for'),
  usedNameIDAsEmail: field(flag, true, 'The name is the email'),
  emailAttributeName: field(text, 'Email', 'Attribute of the email otherwise'),
  adminEntityValidatorsOverride: shared.entityValidatorsOverride,
})

export const oauth1Schema = v.looseObject({
  _loc: location,
  type: required(v.literal('oauth1'), 'OAuth 1'),
  id,
  name,
  desc: shared.desc,
  consumerKey: required(text, 'Key of the client'),
  consumerSecret: required(text, 'Secret of the client'),
  requestTokenURL: required(line, 'Gives request tokens'),
  authorizeURL: required(line, 'Where users log in'),
  profileURL: url('https://api.clever-cloud.com/v2/self', 'Gives profiles'),
  accessTokenURL: required(line, 'Gives access tokens'),
  callbackURL: url('http://otoroshi.oto.tools:9999/backoffice/auth0/callback', 'Where users come back'),
  clientSideSessionEnabled: shared.clientSideSession,
  sessionMaxAge: shared.sessionMaxAge,
  userValidators: shared.userValidators,
  remoteValidators: shared.remoteValidators,
  metadata,
  tags,
  rightsOverride: shared.rightsOverride,
  httpMethod: field(v.picklist(['post', 'get']), 'post', 'Method of the calls'),
  sessionCookieValues: shared.sessionCookieValues,
  allowedUsers: shared.allowedUsers,
  deniedUsers: shared.deniedUsers,
  adminEntityValidatorsOverride: shared.entityValidatorsOverride,
})

const delegated = {
  id,
  name,
  desc: shared.desc,
  tags,
  metadata,
  sessionMaxAge: shared.sessionMaxAge,
  clientSideSessionEnabled: shared.clientSideSession,
  sessionCookieValues: shared.sessionCookieValues,
  userValidators: shared.userValidators,
  remoteValidators: shared.remoteValidators,
  allowedUsers: shared.allowedUsers,
  deniedUsers: shared.deniedUsers,
}

export const wasmAuthSchema = v.looseObject({
  _loc: location,
  type: required(v.literal('wasm'), 'A WebAssembly module'),
  ...delegated,
  wasmRef: optionalText('The wasm plugin'),
})

export const workflowAuthSchema = v.looseObject({
  _loc: location,
  type: required(v.literal('workflow'), 'A workflow'),
  ...delegated,
  workflowRef: optionalText('The workflow'),
})

/** What every module has: all that is known of a type that a plugin brings. */
export const anyAuthModuleSchema = v.looseObject({
  _loc: location,
  type: required(v.pipe(line, v.minLength(1)), 'Kind of provider'),
  ...delegated,
})
