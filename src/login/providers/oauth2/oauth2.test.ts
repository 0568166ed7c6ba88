import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { HeaderBlock } from '../../../http/headers.ts'
import { signToken } from '../../../identity/jwt/signing.ts'
import { readJws } from '../../../identity/jwt/jws.ts'
import { CallFailed, type OutgoingCalls } from '../../../plugin/outgoing-calls.ts'
import { authModule, userSession } from '../../../plugin/testing.ts'
import { Attempts } from '../../attempts.ts'
import { Passwords } from '../../bcrypt/passwords.ts'
import type {
  CallbackOutcome,
  Identity,
  LoginProvider,
  LoginVisit,
  ProviderServices,
} from '../../contract.ts'
import { type FakeVisitInput, fakeVisit } from '../../testing/fake-visit.ts'
import { FaultyProvider } from '../../testing/faulty-provider.ts'
import { providerSuite } from '../../testing/provider-suite.ts'
import { oauth2 } from './oauth2.ts'

type Json = Readonly<Record<string, unknown>>

const ORIGIN = 'https://idp.test'
const CALLBACK = 'http://privateapps.oto.tools:8080/privateapps/generic/callback'

function callsTo(idp: FaultyProvider): OutgoingCalls {
  return {
    async send({ method, url, headers = [], body = '' }) {
      if (!url.startsWith(ORIGIN)) throw new CallFailed('unreachable', `${url} is not there`)
      const fields = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
      const answer = idp.answer({ method, url, headers: fields, body: String(body) })
      return {
        status: answer.status,
        headers: HeaderBlock.from(Object.entries(answer.headers)),
        body: Buffer.from(answer.body),
      }
    },
  }
}

function servicesOf(
  idp: FaultyProvider,
  logged: string[] = [],
  certificate: ProviderServices['certificate'] = () => null,
) {
  const log = (_level: string, message: string): void => void logged.push(message)
  return { passwords: new Passwords(), attempts: new Attempts(), calls: callsTo(idp), certificate, log }
}

const fields = (more: Json = {}) => ({
  type: 'oauth2',
  id: 'idp',
  clientId: 'gateway',
  clientSecret: 'secret of the gateway',
  callbackUrl: CALLBACK,
  oidConfig: `${ORIGIN}/.well-known/openid-configuration`,
  pkce: { enabled: true, algorithm: 'S256' },
  ...more,
})

/** A module without a configuration of the provider: addresses only. */
const bare = {
  oidConfig: null,
  loginUrl: `${ORIGIN}/authorize`,
  tokenUrl: `${ORIGIN}/token`,
  userInfoUrl: `${ORIGIN}/userinfo`,
}

const make = (idp: FaultyProvider, more: Json = {}, services = servicesOf(idp)): LoginProvider =>
  oauth2(authModule(fields(more)), services)

interface Login {
  readonly to: URL
  readonly back: URL
  readonly own: Json
}

/** A user goes to the provider and logs in there. */
async function begun(
  provider: LoginProvider,
  idp: FaultyProvider,
  input: FakeVisitInput = {},
): Promise<Login> {
  let own: Json = {}
  const reply = await provider.loginPage(fakeVisit({ ...input, onState: kept => (own = kept) }))
  const to = new URL(reply.headers.find(([name]) => name === 'Location')![1])
  return { to, back: idp.authorize(to.href), own }
}

const returned = ({ back, own }: Pick<Login, 'back' | 'own'>, input: FakeVisitInput = {}): LoginVisit =>
  fakeVisit({ ...input, path: back.pathname + back.search, own })

async function loggedIn(
  idp: FaultyProvider,
  more: Json = {},
  input: FakeVisitInput = {},
): Promise<CallbackOutcome> {
  const provider = make(idp, more)
  return provider.callback(returned(await begun(provider, idp, input), input))
}

async function identityOf(
  idp: FaultyProvider,
  more: Json = {},
  input: FakeVisitInput = {},
): Promise<Identity> {
  const outcome = await loggedIn(idp, more, input)
  assert.equal(outcome.kind, 'identity', JSON.stringify(outcome))
  return (outcome as { identity: Identity }).identity
}

async function refusal(idp: FaultyProvider, more: Json = {}): Promise<string> {
  const outcome = await loggedIn(idp, more)
  assert.equal(outcome.kind, 'refused', JSON.stringify(outcome))
  return (outcome as { detail: string }).detail
}

const idp = (change: (provider: FaultyProvider) => void = () => {}): FaultyProvider => {
  const provider = new FaultyProvider(ORIGIN)
  change(provider)
  return provider
}

const shared = idp()
providerSuite({
  name: 'oauth2',
  provider: () => make(shared),
  good: async provider => returned(await begun(provider, shared)),
  bad: async provider => {
    const login = await begun(provider, shared)
    const without = new URL(login.back)
    without.searchParams.delete('code')
    const denied = new URL(without)
    denied.searchParams.set('error', 'access_denied')
    const guessed = new URL(login.back)
    guessed.searchParams.set('code', 'guessed')
    return [
      returned({ ...login, back: without }),
      returned({ ...login, back: denied }),
      returned({ ...login, back: guessed }),
      returned({ ...login, own: {} }),
      returned({ ...login, own: { ...login.own, redirectUri: 'http://evil.test/' } }),
    ]
  },
  who: { name: 'Ada', email: 'ada@idp.test' },
  secrets: ['secret of the gateway', 'secret words of the provider'],
})

describe('the way to the provider', () => {
  it('is a URL in which everything is encoded, with state, nonce and a proof key', async () => {
    const { to, own } = await begun(make(idp(), { scope: 'openid a&b=c', clientId: 'a b&c' }), idp())
    assert.equal(to.origin + to.pathname, `${ORIGIN}/authorize`)
    const query = Object.fromEntries(to.searchParams)
    assert.deepEqual(
      { ...query, nonce: query['nonce'] === own['nonce'], code_challenge: query['code_challenge']!.length },
      {
        scope: 'openid a&b=c',
        claims: 'email name',
        client_id: 'a b&c',
        response_type: 'code',
        redirect_uri: `${CALLBACK}?desc=r`,
        state: 'sealed-state',
        nonce: true,
        code_challenge: 43,
        code_challenge_method: 'S256',
      },
    )
  })

  it('keeps what the address has already, and asks for no claims where there are none', async () => {
    const more = { ...bare, loginUrl: `${ORIGIN}/authorize?p=b2c_1`, claims: ' ', pkce: null }
    const { to } = await begun(make(idp(), more), idp())
    assert.equal(to.searchParams.get('p'), 'b2c_1')
    assert.equal(to.searchParams.has('claims'), false)
    assert.equal(to.searchParams.has('code_challenge'), false)
    assert.ok(to.searchParams.has('nonce') && to.searchParams.has('state'), 'also without a proof key')
  })

  it('names the address that the provider knows: with the route, or always the same', async () => {
    for (const more of [{ useCookie: true }, { noWildcardRedirectURI: true }]) {
      const { to } = await begun(make(idp(), more), idp())
      assert.equal(to.searchParams.get('redirect_uri'), CALLBACK)
    }
  })

  it('has another nonce and another proof each time', async () => {
    const provider = make(idp())
    const [one, other] = [await begun(provider, idp()), await begun(provider, idp())]
    for (const name of ['nonce', 'verifier']) assert.notEqual(one.own[name], other.own[name])
  })
})

describe('a code', () => {
  it('is paid in once: with the proof key, the same address and the secret', async () => {
    const server = idp()
    const provider = make(server)
    const login = await begun(provider, server)
    assert.equal((await provider.callback(returned(login))).kind, 'identity')
    const { code_verifier, code, ...rest } = server.lastFields('/token')
    assert.deepEqual(rest, {
      grant_type: 'authorization_code',
      redirect_uri: `${CALLBACK}?desc=r`,
      client_id: 'gateway',
      client_secret: 'secret of the gateway',
    })
    assert.deepEqual([code_verifier, code], [login.own['verifier'], login.back.searchParams.get('code')])
    assert.equal((await provider.callback(returned(login))).kind, 'refused', 'a code that was used')
  })

  it('is paid in as the settings say', async () => {
    const server = idp()
    await identityOf(server, { useJson: true, clientSecret: ' ' })
    const last = server.asked.findLast(({ url }) => url.endsWith('/token'))!
    assert.equal(last.headers['content-type'], 'application/json')
    assert.equal('client_secret' in JSON.parse(last.body), false, 'a blank secret is not sent')
    await identityOf(server, { clientAuthentication: 'client_secret_basic', clientSecret: 'a:b ü' })
    const basic = server.asked.findLast(({ url }) => url.endsWith('/token'))!
    assert.equal(
      basic.headers['authorization'],
      `Basic ${Buffer.from('gateway:a%3Ab+%C3%BC').toString('base64')}`,
    )
    assert.equal('client_secret' in server.lastFields('/token'), false)
  })

  it('is paid in with an assertion that the key of the client signs, for the token endpoint alone', async () => {
    const server = idp()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const of = (tenant: string) =>
      servicesOf(server, [], id => (id === 'own' ? { chain: '', privateKey: pem, tenant } : null))
    const more = { clientAuthentication: 'private_key_jwt', clientKeyId: 'own' }
    const provider = make(server, more, of('default'))
    assert.equal((await provider.callback(returned(await begun(provider, server)))).kind, 'identity')
    const { client_assertion, client_assertion_type, client_secret } = server.lastFields('/token')
    assert.equal(client_assertion_type, 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    assert.equal(client_secret, undefined)
    const { alg, claims } = readJws(client_assertion!)!
    assert.deepEqual(
      [alg, claims['iss'], claims['sub'], claims['aud']],
      ['RS256', 'gateway', 'gateway', `${ORIGIN}/token`],
    )
    const foreign = make(server, more, of('others'))
    await assert.rejects(
      async () => foreign.callback(returned(await begun(foreign, server))),
      /no certificate/,
    )
  })

  it('without its proof key is worth nothing: nobody who steals one can use it', async () => {
    const server = idp()
    const provider = make(server)
    const login = await begun(provider, server)
    for (const verifier of [null, 'x'.repeat(43)]) {
      const outcome = await provider.callback(returned({ ...login, own: { ...login.own, verifier } }))
      assert.equal(outcome.kind, 'refused')
    }
  })

  it('of another provider is not taken (mix-up)', async () => {
    const named = idp(
      server => (server.configuration = { authorization_response_iss_parameter_supported: true }),
    )
    const provider = make(named)
    const { back, own } = await begun(provider, named)
    const before = named.paths.filter(path => path === '/token').length
    for (const iss of [null, 'https://evil.test', `${ORIGIN}/`]) {
      const changed = new URL(back)
      if (iss !== null) changed.searchParams.set('iss', iss)
      assert.equal((await provider.callback(returned({ back: changed, own }))).kind, 'refused', String(iss))
    }
    assert.equal(named.paths.filter(path => path === '/token').length, before, 'the code went nowhere')
    back.searchParams.set('iss', ORIGIN)
    assert.equal((await provider.callback(returned({ back, own }))).kind, 'identity')
  })

  it('that is answered by an error shows its code and no words of others', async () => {
    const provider = make(idp())
    const { back, own } = await begun(provider, idp())
    back.searchParams.set('error', 'access_denied')
    back.searchParams.set('error_description', 'Call 555-1234')
    const outcome = await provider.callback(returned({ back, own }))
    assert.equal(outcome.kind === 'refused' && outcome.display, 'the identity provider says access_denied')
    back.searchParams.set('error', '<b>Call 555-1234')
    assert.doesNotMatch(JSON.stringify(await provider.callback(returned({ back, own }))), /555/)
  })
})

describe('an ID token', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const wrong: [string, RegExp, (server: FaultyProvider) => void][] = [
    ['another issuer', /another issuer/, s => (s.tokenIssuer = 'https://evil.test')],
    ['another audience', /somebody else/, s => (s.claims = { aud: 'others' })],
    ['an audience that begins like it', /somebody else/, s => (s.claims = { aud: 'gateway2' })],
    ['several audiences and no azp', /azp/, s => (s.claims = { aud: ['gateway', 'others'] })],
    ['the azp of others', /azp/, s => (s.claims = { azp: 'others' })],
    ['another nonce', /nonce/, s => (s.claims = { nonce: 'another' })],
    ['no nonce', /nonce/, s => (s.claims = { nonce: undefined })],
    ['the access token of others', /at_hash/, s => (s.claims = { at_hash: 'xxxx' })],
    ['another code', /c_hash/, s => (s.claims = { c_hash: 'xxxx' })],
    ['an end in the past', /expired/, s => (s.claims = { exp: now() - 60 })],
    ['no end', /exp is missing/, s => (s.claims = { exp: undefined })],
    ['a start in the future', /future/, s => (s.claims = { iat: now() + 600 })],
    ['no subject', /sub is missing/, s => (s.claims = { sub: undefined })],
    ['no signature', /read/, s => (s.twist = token => `${part({ alg: 'none' })}.${token.split('.')[1]}.`)],
    [
      'the algorithm none and a signature',
      /algorithm|not signed/,
      s => (s.twist = token => `${part({ alg: 'none' })}.${token.split('.')[1]}.AAAA`),
    ],
  ]
  for (const [name, message, change] of wrong)
    it(`with ${name} logs nobody in, with keys or without`, async () => {
      assert.match(await refusal(idp(change)), message)
      const detail = await refusal(idp(change), { ...bare, issuer: ORIGIN })
      assert.match(detail, message)
    })

  it('that somebody else signed logs nobody in', async () => {
    const forged = idp()
    forged.twist = token => signToken({ ...forged.signingKey, key: other }, readJws(token)!.claims)
    assert.match(await refusal(forged), /signature/)
    const symmetric = idp()
    symmetric.twist = token => {
      const parts = token.split('.')
      return `${part({ alg: 'HS256', kid: symmetric.signingKey.kid })}.${parts[1]}.${'A'.repeat(43)}`
    }
    assert.match(await refusal(symmetric), /algorithm/)
  })

  it('must be there when the provider is one of OpenID Connect', async () => {
    const silent = idp(server => (server.twist = () => undefined))
    assert.match(await refusal(silent), /no ID token/)
    assert.equal((await identityOf(silent, bare)).email, 'ada@idp.test', 'a server of OAuth alone has none')
  })

  it('signed with keys that were rotated is verified with the new ones', async () => {
    const server = idp()
    const provider = make(server)
    assert.equal((await provider.callback(returned(await begun(provider, server)))).kind, 'identity')
    server.rotate()
    assert.equal((await provider.callback(returned(await begun(provider, server)))).kind, 'identity')
    assert.equal(server.paths.filter(path => path === '/jwks').length, 2)
  })

  it('is not believed unverified for who somebody is', async () => {
    assert.match(await refusal(idp(), { ...bare, userInfoUrl: '' }), /verified/)
    const only = idp(server => {
      server.configuration = { userinfo_endpoint: undefined }
      server.claims = { name: 'Ada of the token', email: 'token@idp.test' }
    })
    const { name, email } = await identityOf(only)
    assert.deepEqual([name, email], ['Ada of the token', 'token@idp.test'])
  })
})

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
    const server = idp(s => (s.profile = { ...s.profile, email_verified: false }))
    const settings = {
      dataOverride: { 'ada@idp.test': { secret: true } },
      rightsOverride: { 'ada@idp.test': [{ tenant: '*:rw', teams: ['*:rw'] }] },
    }
    const { otoroshiData, rights } = await identityOf(server, settings, { side: 'admin' })
    assert.deepEqual([otoroshiData, rights], [{}, [{ tenant: 'default', teams: ['default'] }]])
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
