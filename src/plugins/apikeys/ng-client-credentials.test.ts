import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Body, BodyTooLarge, type FullAnswer, type KeyPairSource } from '../../plugin/index.ts'
import { apikey, clientRequest, pluginServices, routeView, setUp } from '../../plugin/testing.ts'
import plugin from './ng-client-credentials.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const edwards = generateKeyPairSync('ed25519')
const view = (publicKey: typeof rsa.publicKey, exposed: boolean) => ({
  publicKey,
  signsTokens: true,
  exposed,
  tenant: 'default',
})
const keyPairs: KeyPairSource = {
  find: id =>
    id === 'otoroshi-jwt-signing' || id === 'shown'
      ? view(rsa.publicKey, id === 'shown')
      : id === 'edwards'
        ? view(edwards.publicKey, true)
        : null,
  signingKey: id => (id === 'otoroshi-jwt-signing' ? rsa.privateKey : null),
  published: () => ['shown', 'edwards', 'gone'],
}

interface Call {
  readonly config?: object
  readonly method?: string
  readonly url?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly key?: object
}

const HOST = 'https://auth.test/.well-known/otoroshi/oauth'

async function call({
  config = {},
  method = 'POST',
  url = `${HOST}/token`,
  headers = {},
  body = '',
  key = {},
}: Call = {}) {
  const keys = [apikey({ clientId: 'id', clientSecret: 'secret', metadata: { a: 'b' }, tags: ['t'], ...key })]
  const { sink } = setUp(plugin, config, pluginServices(routeView(), keys, [], { keyPairs }))
  const request = clientRequest(
    { method, url, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } },
    true,
  )
  const content = {
    length: body.length,
    read: async (limit: number) => {
      if (body.length > limit) throw new BodyTooLarge(limit)
      return Buffer.from(body)
    },
  } as Body
  const verdict = (await sink!(request, content)) as FullAnswer | undefined
  if (verdict === undefined) return null
  assert.equal(verdict.kind, 'full')
  return { status: verdict.status, headers: new Map(verdict.headers), json: JSON.parse(String(verdict.body)) }
}

const good = 'grant_type=client_credentials&client_id=id&client_secret=secret'

describe('the service for tokens', () => {
  it('answers below its own path and on its own domain only', async () => {
    assert.equal(await call({ url: 'https://auth.test/token' }), null)
    assert.equal(await call({ url: 'https://auth.test/.well-known/otoroshi/oauthx/token' }), null)
    assert.equal(await call({ config: { domain: 'other.test' } }), null)
    assert.equal((await call({ config: { domain: 'Auth.Test' }, body: good }))?.status, 200)
  })

  it('wants a secure channel unless told otherwise', async () => {
    const url = `${HOST.replace('https', 'http')}/token`
    const refused = await call({ url, body: good })
    assert.equal(refused?.status, 400)
    assert.deepEqual(refused?.json, { error: 'bad_request', error_description: 'use a secure channel' })
    assert.equal(refused?.headers.get('Otoroshi-Error-Reason'), 'oauth.insecure')
    assert.equal((await call({ url, body: good, config: { secure: false } }))?.status, 200)
  })

  it('has nothing else', async () => {
    for (const [method, path] of [
      ['GET', '/token'],
      ['POST', '/jwks.json'],
      ['POST', '/token/revoke'],
      ['POST', '/token/introspect/'],
      ['GET', '/'],
    ] as const) {
      const got = await call({ method, url: HOST + path, body: good })
      assert.equal(got?.status, 404, path)
      assert.deepEqual(got?.json, { error: 'not_found', error_description: 'resource not found' })
    }
  })

  it('words its refusals with a capital letter', async () => {
    assert.deepEqual((await call({ body: good.replace('=secret', '=x') }))?.json, {
      error: 'access_denied',
      error_description: 'Bad client credentials',
    })
    assert.equal((await call({ body: good.repeat(2000) }))?.status, 413)
  })

  it('tells what a token stands for, to whoever shows it', async () => {
    const given = await call({ body: good })
    const token = String(given?.json.access_token)
    const introspect = (shown: string, key: object = {}) =>
      call({ url: `${HOST}/token/introspect`, body: `token=${encodeURIComponent(shown)}`, key })
    const told = await introspect(token)
    assert.equal(told?.status, 200)
    assert.deepEqual(told?.json, {
      active: true,
      access_type: 'apikey',
      clientId: 'id',
      clientName: 'key under test',
      metadata: { a: 'b' },
      tags: ['t'],
    })
    assert.doesNotMatch(JSON.stringify(told), /secret/)
    for (const [shown, key] of [
      [token, { enabled: false }],
      [token, { validUntil: 1 }],
      [token, { clientId: 'other' }],
      [`${token.slice(0, -6)}AAAAAA`, {}],
      ['', {}],
      ['a.b.c', {}],
    ] as const) {
      const refused = await introspect(shown, key)
      assert.equal(refused?.status, 401)
      assert.deepEqual(refused?.json, { error: 'access_denied', error_description: 'Unauthorized' })
    }
  })

  it('publishes the pair that signs and those that are exposed, public halves only', async () => {
    const got = await call({ method: 'GET', url: `${HOST}/jwks.json` })
    const keys = got?.json.keys as Record<string, string>[]
    assert.deepEqual(
      keys.map(({ kid, alg, use, kty }) => `${kid} ${alg} ${use} ${kty}`),
      ['shown RS256 sig RSA', 'otoroshi-jwt-signing RS256 sig RSA'],
    )
    for (const key of keys)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[secret], undefined)
  })

  it('reads the older name of the pair', async () => {
    const got = await call({ config: { defaultKeyPair: 'none-of-this-name' }, body: good })
    const header = JSON.parse(Buffer.from(got?.json.access_token.split('.')[0], 'base64url').toString())
    assert.equal(header.alg, 'HS512')
  })
})
