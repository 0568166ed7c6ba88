import type { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import {
  anyAuthModuleSchema,
  basicSchema,
  ldapSchema,
  oauth1Schema,
  oauth2Schema,
  samlSchema,
  wasmAuthSchema,
  workflowAuthSchema,
} from '../types/auth-module-types.ts'
import { isObject } from '../types/shape.ts'

export type AuthModule = v.InferOutput<typeof anyAuthModuleSchema>

const types = {
  basic: basicSchema,
  oauth2: oauth2Schema,
  'oauth2-global': oauth2Schema,
  ldap: ldapSchema,
  saml: samlSchema,
  oauth1: oauth1Schema,
  wasm: wasmAuthSchema,
  workflow: workflowAuthSchema,
}

/** The types there are and their names for humans, as upstream lists them. */
export const authModuleTypes: Readonly<Record<string, string>> = {
  basic: 'In memory auth. provider',
  ldap: 'Ldap auth. provider',
  oauth2: 'OAuth2 / OIDC provider',
  oauth1: 'OAuth1 provider',
  saml: 'SAML v2 provider',
  wasm: 'wasm provider',
  workflow: 'Workflow auth. module provider',
}

function normalize(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { type } = input
  if (type === 'ldap') return normalizeLdap(input)
  const described = typeof input['description'] === 'string' && input['desc'] == null
  if ((type !== 'wasm' && type !== 'workflow') || !described) return { ...input }
  const { description, ...rest } = input
  return { ...rest, desc: description }
}

// The old group filter holds for each team of the module. Forgetting it would let everybody of the directory in.
function normalizeLdap(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { serverUrl, groupFilter, ...rest } = input
  const module: Record<string, unknown> = { ...rest }
  if (typeof serverUrl === 'string') module['serverUrls'] = [serverUrl]
  else if (serverUrl !== undefined) module['serverUrl'] = serverUrl
  if (typeof groupFilter !== 'string') {
    if (groupFilter !== undefined) module['groupFilter'] = groupFilter
    return module
  }
  const given = module['groupFilters']
  if (Array.isArray(given) && given.length > 0) return module
  const owner = isObject(module['_loc']) ? module['_loc'] : {}
  const teams = Array.isArray(owner['teams']) && owner['teams'].length > 0 ? owner['teams'] : ['default']
  const tenant = owner['tenant'] ?? 'default'
  module['groupFilters'] = teams.map(team => ({ group: groupFilter, team, tenant }))
  return module
}

/** How users log in. A module of a type that is not known is kept: a plugin may bring it. Who uses it must refuse. */
export const authModule = defineEntity<AuthModule>({
  group: 'security.otoroshi.io',
  version: 'v1',
  kind: 'AuthModule',
  plural: 'auth-modules',
  singular: 'auth-module',
  idField: 'id',
  storageKey: 'auth:configs',
  idPrefix: 'auth_mod',
  legacyPath: '/api/auths',
  access: fullAccess,
  schema: anyAuthModuleSchema,
  variants: { field: 'type', schemas: types },
  people: { list: 'users', name: 'email', password: 'password', variant: 'basic' },
  normalize,
  served: true,
  references: [
    ref('wasmRef', 'WasmPlugin'),
    ref('workflowRef', 'Workflow'),
    ref('jwtVerifier.certId', 'Certificate'),
    ref('credentials.*.certId', 'Certificate'),
  ],
  template: (newId, context) => templateOfType(newId, context?.type ?? 'basic'),
})

function templateOfType(newId: string, type: string): AuthModule {
  const name = 'New auth. module'
  const common = { id: newId, name, desc: name }
  switch (type) {
    case 'oauth2':
    case 'oauth2-global':
      return fill(oauth2Schema, { type: 'oauth2', ...common })
    case 'ldap':
      return fill(ldapSchema, {
        type: 'ldap',
        ...common,
        serverUrls: ['ldap://ldap.forumsys.com:389'],
        searchBase: 'dc=example,dc=com',
        searchFilter: '(uid=${username})',
        adminUsername: 'cn=read-only-admin,dc=example,dc=com',
        adminPassword: 'password',
        nameField: 'cn',
        emailField: 'mail',
      })
    case 'saml':
      return fill(samlSchema, {
        type: 'saml',
        ...common,
        singleSignOnUrl: '',
        credentials: {},
        issuer: '',
        validateSignature: false,
        validateAssertions: false,
        signature: { algorithm: 'rsa_sha256', canocalizationMethod: 'exclusive' },
        nameIDFormat: 'unspecified',
      })
    case 'oauth1': {
      const label = 'New OAuth 1.0 module'
      const urls = {
        requestTokenURL: '',
        authorizeURL: '',
        profileURL: '',
        accessTokenURL: '',
        callbackURL: '',
      }
      const named = { id: newId, name: label, desc: label }
      return fill(oauth1Schema, { type: 'oauth1', ...named, consumerKey: '', consumerSecret: '', ...urls })
    }
    case 'wasm':
    case 'workflow': {
      const label = `New ${type} auth. module`
      const named = { id: newId, name: label, desc: label, clientSideSessionEnabled: false }
      return type === 'wasm'
        ? fill(wasmAuthSchema, { type, ...named })
        : fill(workflowAuthSchema, { type, ...named })
    }
    default:
      return fill(basicSchema, { type: 'basic', ...common })
  }
}
