import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outputTokenAttribute } from '../../plugin/index.ts'
import { jwtServices, type PluginRun, runPlugin } from '../../plugin/testing.ts'
import { keyPairs, read, token, verifier } from '../testing/tokens.ts'
import plugin from './jwt-signer.ts'

const strategy = {
  type: 'DefaultToken',
  strict: true,
  token: { aud: 'orders', path: '${req.path}', me: '${token.sub}', exp: '${exp}' },
  verificationSettings: { fields: {}, arrayFields: {} },
}
const making = (more: object = {}) => verifier({ strategy, ...more })

function call(
  config: object = {},
  entity: object = making(),
  text: string | null = null,
): Promise<PluginRun> {
  return runPlugin(plugin, {
    config: { verifier: 'v', ...config },
    services: { jwt: jwtServices({ verifiers: { v: entity }, keyPairs: keyPairs('pair') }) },
    request: { url: '/here', headers: text === null ? {} : { 'X-JWT-Token': text } },
  })
}

test('the backend gets the usual claims with those of the verifier over them', async () => {
  const run = await call()
  const { jti, iat, nbf, exp, ...claims } = read(run.backend!.headers.get('x-jwt-token')).claims
  assert.deepEqual(claims, {
    iss: 'Otoroshi',
    sub: 'anonymous',
    aud: 'orders',
    path: '/here',
    me: 'anonymous',
  })
  assert.equal(typeof jti, 'string')
  assert.ok(typeof iat === 'number' && iat === nbf && exp === iat + 60)
  assert.equal(run.attributes.get(outputTokenAttribute)!.claims instanceof Object, true)
})

test('a stored key pair signs and is named', async () => {
  const run = await call(
    {},
    making({ algoSettings: { type: 'RSAKPAlgoSettings', size: 512, certId: 'pair' } }),
  )
  const { alg, kid } = read(run.backend!.headers.get('x-jwt-token'))
  assert.deepEqual([alg, kid], ['RS512', 'pair'])
})

test('it stands in every kind of place', async () => {
  const inQuery = await call({}, making({ source: { type: 'InQueryParam', name: 't' } }))
  assert.match(inQuery.backend!.path, /^\/here\?t=ey/)
  const inCookie = await call({}, making({ source: { type: 'InCookie', name: 't' } }))
  assert.match(inCookie.backend!.headers.get('cookie')!, /^t=ey/)
})

test('a token of the call is replaced, kept or refused, as the settings say', async () => {
  const own = token({ sub: 'own' })
  assert.notEqual((await call({}, making(), own)).backend!.headers.get('x-jwt-token'), own)
  assert.equal(
    (await call({ replace_if_present: false }, making(), own)).backend!.headers.get('x-jwt-token'),
    own,
  )
  const refused = await call({ fail_if_present: true }, making(), own)
  assert.deepEqual([refused.status, refused.text, refused.backend], [400, '{"error":"bad request"}', null])
  assert.equal((await call({ fail_if_present: true })).status, 200)
})

test('what cannot be made is refused', async () => {
  for (const [config, entity] of [
    [{ verifier: null }, making()],
    [{ verifier: 'none' }, making()],
    [{}, verifier()],
    [{}, making({ algoSettings: { type: 'KidAlgoSettings' } })],
  ] as const) {
    const run = await call(config, entity)
    assert.deepEqual([run.status, run.text, run.backend], [400, '{"error":"bad request"}', null])
  }
})
