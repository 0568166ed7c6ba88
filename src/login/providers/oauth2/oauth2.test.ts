import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { readJws } from '../../../identity/jwt/jws.ts'
import { signToken } from '../../../identity/jwt/signing.ts'
import type { FaultyProvider } from '../../testing/faulty-provider.ts'
import {
  bare,
  begun,
  CALLBACK,
  identityOf,
  idp,
  make,
  ORIGIN,
  refusal,
  returned,
  servicesOf,
} from '../../testing/oauth-login.ts'
import { providerSuite } from '../../testing/provider-suite.ts'

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
