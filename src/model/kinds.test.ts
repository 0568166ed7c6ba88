/** What is refused, accepted and rewritten when entities are read: rules of single kinds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntityDefinition } from './entity.ts'
import { api } from './kinds/api.ts'
import { authModule } from './kinds/auth-module.ts'
import { clientValidator } from './kinds/client-validator.ts'
import { jwtVerifier } from './kinds/jwt-verifier.ts'
import { routeTemplate } from './kinds/route-template.ts'
import { serviceDescriptor } from './kinds/service-descriptor.ts'
import { tcpService } from './kinds/tcp-service.ts'
import { wasmPlugin } from './kinds/wasm-plugin.ts'
import { readEntity } from './read.ts'

type Fields = Record<string, unknown>

function read(definition: EntityDefinition, input: unknown): Fields {
  const parsed = readEntity(definition, input)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value as Fields
}

function faultsOf(definition: EntityDefinition, input: unknown): string[] {
  const parsed = readEntity(definition, input)
  assert.ok(!parsed.ok, `was accepted: ${JSON.stringify(input)}`)
  return parsed.faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
}

const verifier = jwtVerifier.template('v') as unknown as Fields
const module = (type: string, more: Fields = {}) => ({
  ...(authModule.template('m', { type }) as unknown as Fields),
  ...more,
})

test('verifiers: unknown types and wrong sizes are named by path', () => {
  const algorithm = (settings: Fields) => faultsOf(jwtVerifier, { ...verifier, algoSettings: settings })[0]!
  assert.match(algorithm({ type: 'none' }), /^algoSettings\.type: .*HSAlgoSettings.*received "none"/)
  assert.match(algorithm({ type: 'HSAlgoSettings', size: 1, secret: 's' }), /^algoSettings\.size: /)
  assert.match(algorithm({ type: 'HSAlgoSettings', size: 512 }), /^algoSettings\.secret: /)
  assert.match(algorithm({ type: 'JWKSAlgoSettings', url: 'http://h/\r\nX: y' }), /^algoSettings\.url: /)
  assert.match(
    algorithm({ type: 'JWKSAlgoSettings', url: 'http://h', headers: { 'X-A': 'b\nc' } }),
    /^algoSettings\.headers\.X-A: /,
  )
  assert.match(algorithm({ type: 'JWKSAlgoSettings', url: 'http://h', kty: 'oct' }), /^algoSettings\.kty: /)
  assert.match(
    faultsOf(jwtVerifier, { ...verifier, source: { type: 'InBody', name: 'x' } })[0]!,
    /^source\.type: /,
  )
  // Without it nothing of the token would be looked at.
  assert.match(
    faultsOf(jwtVerifier, { ...verifier, strategy: { type: 'PassThrough' } })[0]!,
    /^strategy\.verificationSettings: /,
  )
  assert.match(
    faultsOf(jwtVerifier, { ...verifier, strategy: { type: 'Anything' } })[0]!,
    /^strategy\.type: /,
  )
})

test('verifiers: every algorithm, place and strategy is read with its defaults, and keeps what it does not know', () => {
  const pem = { size: 256, publicKey: 'PEM' }
  const hs = { type: 'HSAlgoSettings', size: 256, secret: 's' }
  const algorithms = [
    hs,
    { type: 'RSAlgoSettings', ...pem },
    { type: 'ESAlgoSettings', ...pem },
    { type: 'JWKSAlgoSettings', url: 'https://h/jwks' },
    { type: 'RSAKPAlgoSettings', size: 384, certId: 'c' },
    { type: 'ESKPAlgoSettings', size: 512, certId: 'c' },
    { type: 'KidAlgoSettings' },
  ]
  const location = { type: 'InHeader', name: 'X' }
  const verificationSettings = { fields: { iss: 'me' } }
  const strategies = [
    { type: 'PassThrough', verificationSettings },
    { type: 'Sign', verificationSettings, algoSettings: hs },
    { type: 'Transform', verificationSettings, transformSettings: { location }, algoSettings: hs },
    { type: 'DefaultToken', token: { sub: 'x' }, verificationSettings },
  ]
  const sources = [location, { type: 'InQueryParam', name: 'x' }, { type: 'InCookie', name: 'x' }]
  for (const algoSettings of algorithms)
    for (const strategy of strategies)
      for (const source of sources) {
        const own = { ...algoSettings, newer: [1] }
        const value = read(jwtVerifier, { ...verifier, algoSettings: own, strategy, source })
        assert.deepEqual((value['algoSettings'] as Fields)['newer'], [1])
        assert.deepEqual(value, read(jwtVerifier, value))
      }
  const jwks = read(jwtVerifier, {
    ...verifier,
    algoSettings: { type: 'JWKSAlgoSettings', url: 'https://h' },
  })
  const { timeout, ttl, kty } = jwks['algoSettings'] as Fields
  assert.deepEqual([timeout, ttl, kty], [2000, 300000, 'RSA'])
})

test('auth modules: each type has its own required fields', () => {
  for (const [type, field] of [
    ['ldap', 'searchBase'],
    ['ldap', 'searchFilter'],
    ['saml', 'singleSignOnUrl'],
    ['saml', 'validateSignature'],
    ['oauth1', 'consumerKey'],
  ] as const) {
    const { [field]: _, ...rest } = module(type) as Fields
    assert.match(faultsOf(authModule, rest)[0]!, new RegExp(`^${field}: `), type)
  }
  assert.match(faultsOf(authModule, { ...module('basic'), type: 5 })[0]!, /^type: /)
  assert.match(faultsOf(authModule, { ...module('basic'), type: '' })[0]!, /^type: /)
  assert.match(
    faultsOf(
      authModule,
      module('saml', { signature: { algorithm: 'md5', canocalizationMethod: 'exclusive' } }),
    )[0]!,
    /^signature\.algorithm: /,
  )
  assert.match(faultsOf(authModule, module('oauth2', { tokenUrl: 'http://h\r\n' }))[0]!, /^tokenUrl: /)
  assert.match(
    faultsOf(authModule, module('oauth2', { pkce: { algorithm: 'S1' } }))[0]!,
    /^pkce\.algorithm: /,
  )
})

test('auth modules of a type that is not known are kept whole', () => {
  const custom = {
    type: 'my-provider',
    id: 'm',
    name: 'Mine',
    secretThing: { a: [1] },
    users: 'not a list here',
  }
  const value = read(authModule, custom)
  assert.deepEqual(value['secretThing'], { a: [1] })
  assert.equal(value['users'], 'not a list here')
  assert.equal(value['sessionMaxAge'], 86400)
  assert.match(faultsOf(authModule, { ...custom, sessionMaxAge: 'long' })[0]!, /^sessionMaxAge: /)
})

test('auth modules: passwords in clear are refused, hashes and expressions kept', () => {
  const users = (password: string) => module('basic', { users: [{ email: 'a@b.c', password }] })
  assert.match(faultsOf(authModule, users('secret'))[0]!, /^users\.0\.password: Expected a bcrypt hash/)
  for (const password of [
    `$2a$10$${'a'.repeat(53)}`,
    `$2b$12$${'./'.repeat(26)}A`,
    '${vault://local/pw}',
    '',
  ])
    read(authModule, users(password))
})

test('auth modules: administrators by accident are not made', () => {
  const { superAdmins: _, ...rest } = module('oauth2') as Fields
  assert.equal(read(authModule, rest)['superAdmins'], false)
})

test('auth modules: the old group filter of directories goes on protecting', () => {
  const { groupFilters: _, serverUrls: __, ...old } = module('ldap') as Fields
  const value = read(authModule, {
    ...old,
    _loc: { tenant: 'acme', teams: ['a', 'b'] },
    serverUrl: 'ldap://one',
    groupFilter: '(cn=staff)',
  })
  assert.deepEqual(value['serverUrls'], ['ldap://one'])
  assert.deepEqual(value['groupFilters'], [
    { group: '(cn=staff)', team: 'a', tenant: 'acme' },
    { group: '(cn=staff)', team: 'b', tenant: 'acme' },
  ])
  assert.deepEqual(read(authModule, value), value)
})

test('services: a group that was named is not joined by the default one', () => {
  const service = { id: 's', domain: 'oto.tools', subdomain: 's', groupId: 'g' }
  const value = read(serviceDescriptor, service)
  assert.deepEqual([value['groups'], value['name']], [['g'], 's'])
  assert.deepEqual(read(serviceDescriptor, { ...service, groupId: null })['groups'], ['default'])
  assert.equal(read(serviceDescriptor, { ...service, tcpTunneling: true })['tcpUdpTunneling'], true)
  const headers = { ...service, additionalHeaders: { 'X-A': 'b\r\nSet-Cookie: c' } }
  assert.match(faultsOf(serviceDescriptor, headers)[0]!, /^additionalHeaders\.X-A: /)
  assert.match(
    faultsOf(serviceDescriptor, { ...service, redirection: { code: 200 } })[0]!,
    /^redirection\.code: /,
  )
  const local = { type: 'local', enabled: true, source: { type: 'InCookie', name: 'x' } }
  assert.match(
    faultsOf(serviceDescriptor, { ...service, jwtVerifier: local })[0]!,
    /^jwtVerifier\.algoSettings: /,
  )
})

test('apis: unknown access modes, guessable testing headers and broken parts are refused, not dropped', () => {
  const base = api.template('a') as unknown as Fields
  const plan = { id: 'p', access_mode_configuration_type: 'api-key' }
  assert.match(faultsOf(api, { ...base, plans: [plan] })[0]!, /^plans\.0\.access_mode_configuration_type: /)
  assert.deepEqual(read(api, { ...base, plans: [{ id: 'p', newer: 1 }] })['plans'], [{ id: 'p', newer: 1 }])
  assert.match(faultsOf(api, { ...base, testing: { enabled: true } })[0]!, /^testing\.headerValue: /)
  assert.match(faultsOf(api, { ...base, routes: [{ id: 'r', backend: 'b' }] })[0]!, /^routes\.0\.flow_ref: /)
  assert.match(faultsOf(api, { ...base, state: 'live' })[0]!, /^state: /)
  const value = read(api, {
    ...base,
    routes: [{ id: 'r', backend: 'b', plugin_chain: 'f', frontend: { domain: '/x' } }],
    backends: [{ id: 'b', name: 'b', backend: { url: 'https://h/v1' } }],
    clients_backend_config: [],
  })
  const [route] = value['routes'] as Fields[]
  assert.deepEqual([route!['flow_ref'], (route!['frontend'] as Fields)['domains']], ['f', ['/x']])
  assert.equal(((value['backends'] as Fields[])[0]!['backend'] as Fields)['root'], '/v1')
  assert.equal((value['clients_backend_config'] as Fields[])[0]?.['id'], 'default_backend_client')
})

test('ports, hosts, methods and memory have bounds', () => {
  const tcp = tcpService.template('t') as unknown as Fields
  for (const port of [-1, 65536, 1.5, '80'])
    assert.match(faultsOf(tcpService, { ...tcp, port })[0]!, /^port: /)
  const rules = [{ domain: '*', targets: [{ host: 'h\n', port: 1 }] }]
  assert.match(faultsOf(tcpService, { ...tcp, rules })[0]!, /^rules\.0\.targets\.0\.host: /)
  assert.match(faultsOf(tcpService, { ...tcp, tls: 'Maybe' })[0]!, /^tls: /)
  const validator = clientValidator.template('c') as unknown as Fields
  assert.match(faultsOf(clientValidator, { ...validator, method: 'GET /' })[0]!, /^method: /)
  const wasm = { id: 'w', name: 'w', config: { memoryPages: 65537 } }
  assert.match(faultsOf(wasmPlugin, wasm)[0]!, /^config\.memoryPages: /)
  const allowed = read(wasmPlugin, { id: 'w', name: 'w' })['config'] as Fields
  assert.equal((allowed['authorizations'] as Fields)['httpAccess'], false)
})

test('route templates hold a route that can be read', () => {
  const template = { id: 't', name: 't' }
  assert.match(faultsOf(routeTemplate, template)[0]!, /^route: /)
  assert.match(
    faultsOf(routeTemplate, { ...template, route: { id: 'r', name: 'r' } })[0]!,
    /^route\.backend: /,
  )
  const value = read(routeTemplate, {
    ...template,
    route: { id: 'r', name: 'r', frontend: { domain: 'a.b' }, backend: { url: 'http://h' } },
  })
  assert.deepEqual(((value['route'] as Fields)['frontend'] as Fields)['domains'], ['a.b'])
})
