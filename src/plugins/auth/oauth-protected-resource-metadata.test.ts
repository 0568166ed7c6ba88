import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authModule, fakeLogins, runPlugin } from '../../plugin/testing.ts'
import { keyPairs, oauthFields, read } from '../testing/tokens.ts'
import plugin from './oauth-protected-resource-metadata.ts'

async function document(config: object, module: Record<string, unknown> = {}) {
  const run = await runPlugin(plugin, {
    config,
    request: { url: 'https://api.test/.well-known/oauth-protected-resource' },
    services: {
      logins: fakeLogins({ modules: [authModule(oauthFields(module)), authModule({ id: 'basic' })] }),
      keyPairs: keyPairs('pair'),
    },
  })
  assert.equal(run.status, 200)
  assert.equal(run.headers.get('content-type'), 'application/json')
  assert.equal(run.headers.get('cache-control'), 'public, max-age=3600')
  assert.equal(run.backend, null)
  return JSON.parse(run.text)
}

test('with nothing set it says what the request tells', async () => {
  assert.deepEqual(await document({}), {
    resource: 'https://api.test/',
    bearer_methods_supported: ['header'],
    tls_client_certificate_bound_access_tokens: false,
    dpop_bound_access_tokens_required: false,
  })
})

test('the auth module tells who gives the tokens, unless the settings do', async () => {
  const servers = async (config: object, module = {}) =>
    (await document(config, module)).authorization_servers
  assert.deepEqual(await servers({ ref: 'idp' }), ['https://idp.test'])
  const oidConfig = 'https://idp.test/realms/a/.well-known/openid-configuration'
  assert.deepEqual(await servers({ ref: 'idp' }, { oidConfig }), ['https://idp.test/realms/a'])
  assert.deepEqual(await servers({ ref: 'idp', authorization_servers_override: ['x'] }), ['x'])
  for (const ref of ['none', 'basic']) assert.equal(await servers({ ref }), undefined)
})

test('more is merged in, lists that are empty are left out', async () => {
  const made = await document({
    resource: 'urn:a',
    scopes_supported: ['read'],
    resource_name: 'A',
    bearer_methods_supported: [],
    extra_metadata: { resource_name: 'B', deep: { a: 1 } },
  })
  assert.deepEqual(
    [made.resource, made.scopes_supported, made.resource_name, made.deep],
    ['urn:a', ['read'], 'B', { a: 1 }],
  )
  assert.equal('bearer_methods_supported' in made, false)
})

test('a signed copy is added when it can be signed', async () => {
  const signed = { signed_metadata: true, signing_cert_ref: 'pair', signing_alg: 'RS384', resource: 'urn:a' }
  const { signed_metadata: text, ...rest } = await document(signed)
  const jws = read(text)
  const { iss, sub, iat, ...claims } = jws.claims
  assert.deepEqual([jws.alg, jws.kid, iss, sub], ['RS384', 'pair', 'urn:a', 'urn:a'])
  assert.deepEqual(claims, rest)
  assert.ok(typeof iat === 'number')
  for (const more of [{ signing_cert_ref: 'none' }, { signing_cert_ref: null }, { signing_alg: 'ES256' }])
    assert.equal('signed_metadata' in (await document({ ...signed, ...more })), false)
})
