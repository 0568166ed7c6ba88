/** A login in a real browser at a certified OpenID Connect provider: from the visit to the backend, and out again. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { Chromium, chromiumMissing } from './support/chromium.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { type OpenIdProvider, startOpenIdProvider } from './support/openid-provider.ts'

const AUTH = 'cp:otoroshi.next.plugins.AuthModule'
const PROFILE = 'cp:otoroshi.next.plugins.UserProfileEndpoint'

describe('a browser and a provider', { skip: chromiumMissing }, () => {
  let gateway: TestGateway
  let backend: Backend
  let idp: OpenIdProvider
  let chromium: Chromium
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const at = (host: string, path = '/') => `http://${host}:${gateway.port}${path}`

  before(async () => {
    backend = await startBackend((request, response) => {
      response.setHeader('Content-Type', 'text/html')
      response.end(`<!doctype html><title>backend</title><p>served ${request.url}`)
    })
    gateway = await startGateway()
    const users = 'privateapps.oto.tools'
    const shared = {
      client_secret: 'secret: of the gateway',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      post_logout_redirect_uris: [at(users, '/privateapps/generic/logout')],
    }
    const callback = at(users, '/privateapps/generic/callback')
    const jwk = createPublicKey(pair.publicKey.export({ type: 'spki', format: 'pem' })).export({
      format: 'jwk',
    })
    idp = await startOpenIdProvider([
      {
        ...shared,
        client_id: 'sheets',
        redirect_uris: [`${callback}?desc=sheets`],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      {
        ...shared,
        client_id: 'orders',
        redirect_uris: [callback],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...jwk, kid: 'own-key', use: 'sig', alg: 'RS256' }] },
      },
    ])
    const certificate = {
      id: 'own-key',
      name: 'own-key',
      domain: 'own-key',
      chain: pair.publicKey.export({ type: 'spki', format: 'pem' }),
      privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      keypair: true,
    }
    const stored = await gateway.admin('POST', '/apis/pki.otoroshi.io/v1/certificates', certificate)
    assert.equal(stored.status, 201, stored.text)
    const ways = {
      sheets: { clientSecret: 'secret: of the gateway', clientAuthentication: 'client_secret_basic' },
      orders: {
        clientAuthentication: 'private_key_jwt',
        clientKeyId: 'own-key',
        noWildcardRedirectURI: true,
      },
    }
    for (const [id, way] of Object.entries(ways)) {
      const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', {
        id,
        type: 'oauth2',
        name: id,
        clientId: id,
        callbackUrl: callback,
        oidConfig: `${idp.issuer}/.well-known/openid-configuration`,
        pkce: { enabled: true, algorithm: 'S256' },
        refreshTokens: true,
        sessionCookieValues: { httpOnly: true, secure: false },
        ...way,
      })
      assert.equal(made.status, 201, made.text)
      for (const [name, plugins] of [
        [id, []],
        [`me-${id}`, [{ plugin: PROFILE }]],
      ] as const)
        await gateway.route({
          id: name,
          name,
          frontend: { domains: [`${name}.oto.tools`] },
          backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
          plugins: [{ plugin: AUTH, config: { auth_module: id } }, ...plugins],
        })
    }
    chromium = await Chromium.start()
  })
  after(async () => {
    await chromium?.close()
    await gateway?.stop()
    await backend?.close()
    await idp?.close()
  })

  const consents = async (): Promise<void> => {
    await chromium.sees(`document.querySelector('input[name=prompt][value=consent]') !== null`)
    await chromium.value(`document.querySelector('form').submit()`)
  }

  it('go from the route over login and consent to the backend, and out again everywhere', async () => {
    await chromium.newPage()
    await chromium.open(at('sheets.oto.tools', '/sheets?week=3'))
    await chromium.sees(`document.querySelector('input[name=login]') !== null`)
    assert.equal(await chromium.value('location.origin'), idp.issuer)
    await chromium.value(`document.querySelector('input[name=login]').focus()`)
    await chromium.type('ada')
    await chromium.press('Tab')
    await chromium.type('anything')
    await chromium.press('Enter')
    await consents()
    await chromium.sees(`document.title === 'backend'`).catch(error => {
      throw new Error(`${String(error)}; ${idp.faults.join('; ')}; ${gateway.output.slice(-2000)}`)
    })
    assert.equal(await chromium.text(), 'served /sheets?week=3')
    assert.equal(await chromium.value('location.href'), at('sheets.oto.tools', '/sheets?week=3'))
    assert.equal(await chromium.value('document.cookie'), '', 'no script sees the session')
    await chromium.open(at('me-sheets.oto.tools'))
    await chromium.sees(`document.body.innerText.includes('ada@idp.test')`)
    assert.match(await chromium.text(), /"name":\s*"Account of ada"/)

    await chromium.open(at('orders.oto.tools', '/orders'))
    await consents()
    await chromium.sees(`document.title === 'backend'`).catch(error => {
      throw new Error(`${String(error)}; ${idp.faults.join('; ')}; ${gateway.output.slice(-2000)}`)
    })
    assert.equal(await chromium.text(), 'served /orders', 'with an assertion, and without another login')

    await chromium.open(at('sheets.oto.tools', '/.well-known/otoroshi/logout?redirect=/bye'))
    await chromium.sees(`document.querySelector('button[name=logout]') !== null`)
    assert.equal(await chromium.value('location.origin'), idp.issuer)
    await chromium.value(`document.querySelector('button[name=logout]').click()`)
    // Back at the route nobody is logged in, neither here nor at the provider: its form again.
    await chromium.sees(`document.querySelector('input[name=login]') !== null`)
    assert.deepEqual(idp.faults, [])
    const { json } = await gateway.admin('GET', '/api/apps-sessions')
    assert.deepEqual(
      json.map(({ authConfigId }: { authConfigId: string }) => authConfigId),
      ['orders'],
    )
  })
})
