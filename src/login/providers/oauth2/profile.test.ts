import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { signToken } from '../../../identity/jwt/signing.ts'
import { userSession } from '../../../plugin/testing.ts'
import { fakeVisit } from '../../testing/fake-visit.ts'
import type { FaultyProvider } from '../../testing/faulty-provider.ts'
import {
  bare,
  begun,
  CALLBACK,
  identityOf,
  idp,
  type Json,
  loggedIn,
  make,
  ORIGIN,
  refusal,
  returned,
  servicesOf,
} from '../../testing/oauth-login.ts'

describe('a profile', () => {
  it('of somebody else than the ID token is refused', async () => {
    for (const sub of ['eve', undefined])
      assert.match(await refusal(idp(s => (s.profile = { sub, email: 'ada@idp.test' }))), /somebody else/)
  })

  it('is asked for with the token in a header, or as upstream asks', async () => {
    const server = idp()
    await identityOf(server)
    const first = server.asked.at(-1)!
    assert.equal(first.method, 'GET')
    assert.match(first.headers['authorization']!, /^Bearer access-/)
    await identityOf(server, { userInfoMethod: 'post' })
    const second = server.asked.at(-1)!
    assert.deepEqual([second.method, second.headers['authorization']], ['POST', undefined])
    assert.match(second.body, /^access_token=access-/)
  })

  it('gives name, email and data by the fields of the settings', async () => {
    const profile = {
      sub: 'ada',
      nick: 'Countess',
      mail: 'ada@mail.test',
      app_metadata: { otoroshi_data: '{"level":3}' },
      data: { deep: { team: 'core' } },
    }
    const server = idp(s => (s.profile = profile))
    const settings = { nameField: 'nick', emailField: 'mail', extraMetadata: { site: 'x' } }
    const first = await identityOf(server, settings)
    assert.deepEqual(
      [first.name, first.email, first.otoroshiData],
      ['Countess', 'ada@mail.test', { site: 'x', level: 3 }],
    )
    const second = await identityOf(server, { ...settings, otoroshiDataField: 'data | deep' })
    assert.deepEqual(second.otoroshiData, { site: 'x', team: 'core' })
    const dataOverride = { 'ada@mail.test': { own: true } }
    assert.deepEqual((await identityOf(server, { ...settings, dataOverride })).otoroshiData, {
      site: 'x',
      own: true,
    })
    const bareProfile = idp(s => (s.profile = { sub: 'ada' }))
    const none = await identityOf(bareProfile)
    assert.deepEqual([none.name, none.email], ['ada', 'no.name@oto.tools'])
  })

  it('with an address nobody has verified gets nothing that is meant for its owner', async () => {
    const settings = {
      dataOverride: { 'ada@idp.test': { secret: true } },
      rightsOverride: { 'ada@idp.test': [{ tenant: '*:rw', teams: ['*:rw'] }] },
      adminEntityValidatorsOverride: { 'ada@idp.test': { route: ['rule'] } },
    }
    for (const unverified of [false, 'false']) {
      const server = idp(s => (s.profile = { ...s.profile, email_verified: unverified }))
      const identity = await identityOf(server, settings, { side: 'admin' })
      const { otoroshiData, rights, adminEntityValidators } = identity
      assert.deepEqual([otoroshiData, rights], [{}, [{ tenant: 'default', teams: ['default'] }]])
      assert.deepEqual(adminEntityValidators, { route: ['rule'] }, 'what bounds him stays')
    }
  })

  it('may be the access token, verified', async () => {
    const server = idp()
    const claims = { sub: 'ada', email: 'in@token.test', exp: Math.floor(Date.now() / 1000) + 60 }
    const access = signToken({ ...server.signingKey }, claims)
    server.tokens = { access_token: access }
    server.claims = { at_hash: undefined }
    const jwtVerifier = { type: 'JWKSAlgoSettings', url: `${ORIGIN}/jwks`, kty: 'EC' }
    const settings = { readProfileFromToken: true, jwtVerifier }
    assert.equal((await identityOf(server, settings)).email, 'in@token.test')
    server.tokens = {
      access_token: signToken(
        {
          ...server.signingKey,
          key: createPrivateKey(
            generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
              type: 'pkcs8',
              format: 'pem',
            }),
          ),
        },
        claims,
      ),
    }
    assert.match(await refusal(server, settings), /access token: the signature/)
  })
})

describe('rights of an administrator', () => {
  const rightsOf = async (otoroshi_rights: unknown, more: Json = {}) =>
    (
      await identityOf(
        idp(s => (s.profile = { ...s.profile, otoroshi_rights })),
        more,
        { side: 'admin' },
      )
    ).rights
  const a = { tenant: 'a:rw', teams: ['x:r'] }
  const b = { tenant: 'b:r', teams: ['y'] }

  it('are those of the profile, in each form, or those of the module', async () => {
    assert.deepEqual(await rightsOf([a, b]), [a, b])
    assert.deepEqual(await rightsOf([[a], [b]]), [a, b])
    assert.deepEqual(await rightsOf(a), [a])
    const own = [{ tenant: 'default', teams: ['default'] }]
    for (const none of [undefined, null, []]) assert.deepEqual(await rightsOf(none), own)
  })

  it('are everything only when the settings say so', async () => {
    const all = [{ tenant: '*:rw', teams: ['*:rw'] }]
    assert.deepEqual(await rightsOf([a], { superAdmins: true }), all)
    assert.notDeepEqual(await rightsOf(undefined), all)
    assert.deepEqual(await rightsOf([a], { rightsOverride: { 'ada@idp.test': [b] } }), [b])
    assert.equal((await identityOf(idp(), { superAdmins: true })).rights, null, 'users of routes have none')
  })
})

describe('a provider in trouble', () => {
  const answers: [string, { status: number; body: string }][] = [
    ['an error', { status: 500, body: '{"error":"server_error"}' }],
    ['a page', { status: 200, body: '<html>' }],
    ['a list', { status: 200, body: '[]' }],
    [
      'a member twice',
      { status: 200, body: '{"access_token":"a","access_token":"b","sub":"ada","sub":"eve"}' },
    ],
    ['no token', { status: 200, body: '{}' }],
    ['a token that breaks headers', { status: 200, body: '{"access_token":"a\\r\\nX: y"}' }],
    ['a token of another kind', { status: 200, body: '{"access_token":"a","token_type":"mac"}' }],
    ['a profile where it must not be', { status: 401, body: '{"sub":"ada","access_token":"a"}' }],
  ]
  for (const path of ['/token', '/userinfo'])
    for (const [name, answer] of answers)
      it(`logs nobody in when ${path} answers ${name}`, async () => {
        const server = idp(s => void s.broken.set(path, { ...answer, headers: {} }))
        const outcome = await loggedIn(server).catch((error: Error) => error)
        assert.ok(outcome instanceof Error ? outcome.name === 'ProviderDown' : outcome.kind === 'refused')
      })

  it('has a configuration that is its own, or none', async () => {
    const foreign = idp(s => (s.issuer = 'https://evil.test'))
    await assert.rejects(() => loggedIn(foreign), /another issuer/)
    assert.equal(
      (await identityOf(foreign, { issuer: 'https://evil.test' })).name,
      'Ada',
      'unless the settings say so',
    )
    const slashed = idp(s => (s.issuer = 'https://slashed.test/'))
    assert.equal(
      (await identityOf(slashed, { issuer: 'https://slashed.test' })).name,
      'Ada',
      'a slash at the end',
    )
    const away = make(idp(), { oidConfig: 'https://elsewhere.test/config' })
    await assert.rejects(async () => away.loginPage(fakeVisit({})), /unreachable/)
  })

  it('tells no tokens and no secrets in what is logged', async () => {
    const logged: string[] = []
    const server = idp(
      s => void s.broken.set('/userinfo', { status: 400, headers: {}, body: '{"error":"x","d":"access-1"}' }),
    )
    const provider = make(server, {}, servicesOf(server, logged))
    const outcome = await provider.callback(returned(await begun(provider, server)))
    assert.doesNotMatch(JSON.stringify([outcome, logged]), /access-|secret of|refresh-/)
  })
})

describe('the logout', () => {
  it('is that of the provider, with the way back in the form it takes', async () => {
    const session = userSession({ token: { id_token: 'a.b.c' } })
    assert.equal(
      await make(idp()).logout(session),
      `${ORIGIN}/logout?client_id=gateway&post_logout_redirect_uri=\${redirectBase}&state=\${redirectState}&id_token_hint=a.b.c`,
    )
    const own = make(idp(), { logoutUrl: 'https://idp.test/bye?to=${redirect}', clientId: 'a&b' })
    assert.equal(await own.logout(session), 'https://idp.test/bye?to=${redirect}&client_id=a%26b')
    assert.equal(await make(idp(), { ...bare, logoutUrl: '' }).logout(session), null)
    const away = make(idp(), { oidConfig: 'https://elsewhere.test/config' })
    assert.equal(await away.logout(session), null, 'a provider that is away keeps nobody logged in')
  })
})

describe('a refresh', () => {
  const later = (token: Json, more: Json = {}) =>
    userSession({
      token: { access_token: 'old', expires_in: 60, ...token },
      profile: { sub: 'ada' },
      lastRefresh: Date.now() - 60_000,
      ...more,
    })
  const refreshing = { refreshTokens: true }

  async function refreshToken(server: FaultyProvider): Promise<string> {
    return String((await identityOf(server)).token['refresh_token'])
  }

  it('replaces the tokens near their end, the refresh token as well', async () => {
    const server = idp()
    const refresh_token = await refreshToken(server)
    const fresh = await make(server, refreshing).refresh!(later({ refresh_token, other: 1 }))
    assert.match(String(fresh!['access_token']), /^access-/)
    assert.notEqual(fresh!['refresh_token'], refresh_token)
    assert.equal(fresh!['other'], 1)
    assert.deepEqual(server.lastFields('/token')['redirect_uri'], CALLBACK)
    await assert.rejects(() => make(server, refreshing).refresh!(later({ refresh_token })), /invalid_grant/)
  })

  it('keeps the refresh token where there is no new one', async () => {
    const server = idp()
    const refresh_token = await refreshToken(server)
    server.tokens = { refresh_token: undefined }
    const fresh = await make(server, refreshing).refresh!(later({ refresh_token }))
    assert.equal(fresh!['refresh_token'], refresh_token)
  })

  it('is not made when the settings say no, the token is good, or there is nothing to refresh with', async () => {
    const server = idp()
    const refresh_token = await refreshToken(server)
    const asked = server.asked.length
    assert.equal(await make(server).refresh!(later({ refresh_token })), null)
    assert.equal(await make(server, refreshing).refresh!(later({})), null)
    assert.equal(await make(server, refreshing).refresh!(later({ refresh_token, expires_in: 3600 })), null)
    assert.equal(server.asked.length, asked)
  })

  it('that brings the tokens of somebody else is refused', async () => {
    const server = idp()
    const refresh_token = await refreshToken(server)
    server.claims = { sub: 'eve' }
    await assert.rejects(() => make(server, refreshing).refresh!(later({ refresh_token })), /somebody else/)
  })
})
