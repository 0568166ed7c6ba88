import assert from 'node:assert/strict'
import { compactDecrypt } from 'jose'
import { test } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import { keyPairs, rsa } from '../testing/tokens.ts'
import plugin from './jwe-signer.ts'

const run = (config: object) =>
  runPlugin(plugin, { config, services: { keyPairs: keyPairs('pair') }, request: { url: '/here?a=1' } })

async function opened(text: string) {
  const { plaintext, protectedHeader } = await compactDecrypt(text, rsa.privateKey)
  return { header: protectedHeader, claims: JSON.parse(Buffer.from(plaintext).toString()) }
}

test('the backend gets a token only it can read', async () => {
  const { backend } = await run({ certId: 'pair', metadata: { path: '${req.path}', iss: 'me' } })
  const [, text] = /^Bearer (.+)$/.exec(backend!.headers.get('x-jwt-token')!)!
  const { header, claims } = await opened(text!)
  assert.deepEqual(header, { alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', cty: 'JWT', kid: 'pair' })
  const { exp, nbf, jti, ...rest } = claims
  assert.deepEqual(rest, { iss: 'me', sub: 'Otoroshi', aud: 'Route under test', path: '/here' })
  assert.equal(exp, nbf + 30)
  assert.equal(typeof jti, 'string')
})

test('every algorithm, in both spellings of the settings', async () => {
  for (const alg of ['RSA_OAEP_256', 'RSA_OAEP_384', 'RSA_OAEP_512'])
    for (const enc of ['A128CBC_HS256', 'A192CBC_HS384', 'A256CBC_HS512', 'A128GCM', 'A192GCM', 'A256GCM'])
      for (const names of [
        ['keyManagementAlgorithm', 'contentEncryptionAlgorithm'],
        ['key_management_algorithm', 'content_encryption_algorithm'],
      ] as const) {
        const { backend } = await run({
          certId: 'pair',
          [names[0]]: alg,
          [names[1]]: enc,
          payload: { a: 'b' },
        })
        const { header, claims } = await opened(backend!.headers.get('x-jwt-token')!.slice(7))
        assert.deepEqual([header.alg, header.enc], [alg.replaceAll('_', '-'), enc.replace('_', '-')])
        assert.equal(claims.a, 'b')
      }
})

test('it stands in a parameter or a cookie', async () => {
  const inQuery = await run({ certId: 'pair', source: { type: 'InQueryParam', name: 't' } })
  const [, text] = /^\/here\?a=1&t=(.+)$/.exec(inQuery.backend!.path)!
  await opened(text!)
  const inCookie = await run({ certId: 'pair', source: { type: 'InCookie', name: 't' } })
  await opened(inCookie.backend!.headers.get('cookie')!.slice(2))
})

test('without a certificate nothing goes out', async () => {
  for (const certId of [null, 'none']) {
    const { status, text, backend } = await run({ certId })
    assert.deepEqual([status, text, backend], [400, '{"error":"invalid configuration"}', null])
  }
})
