import assert from 'node:assert/strict'
import { CompactEncrypt } from 'jose'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createPrivateKey, createPublicKey, type JsonWebKeyInput } from 'node:crypto'
import { type PluginRun, runPlugin } from '../../plugin/testing.ts'
import { keyPairs, rsa } from '../testing/tokens.ts'
import plugin from './jwe-extractor.ts'

const encrypted = (text: string, alg = 'RSA-OAEP-256', enc = 'A128CBC-HS256'): Promise<string> =>
  new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc }).encrypt(rsa.publicKey)

const call = (config: object, headers: Record<string, string>, url = '/'): Promise<PluginRun> =>
  runPlugin(plugin, {
    config: { certId: 'pair', ...config },
    services: { keyPairs: keyPairs('pair') },
    request: { url, headers },
  })
const inHeader = (run: PluginRun): string | undefined => run.backend?.headers.get('x-jwt-token')

describe('an encrypted token', () => {
  test('becomes its claims, as JSON in ASCII', async () => {
    const text = await encrypted('{"name":"Zoë","n":1}')
    assert.equal(inHeader(await call({}, { 'X-JWT-Token': text })), '{"name":"Zo\\u00eb","n":1}')
  })

  test('leaves its place when the claims go elsewhere', async () => {
    const text = await encrypted('{"a":1}')
    const source = { type: 'InHeader', name: 'Authorization', remove: 'Bearer ' }
    const headers = { Authorization: `Bearer ${text}`, Cookie: 'c=mine; x=y' }
    const cookie = await call({ source, forward_location: { type: 'InCookie', name: 'c' } }, headers)
    assert.equal(cookie.backend!.headers.get('authorization'), undefined)
    assert.equal(cookie.backend!.headers.get('cookie'), 'x=y; c=%7B%22a%22%3A1%7D')
    const query = await call(
      { source, forward_location: { type: 'InQueryParam', name: 'c' } },
      headers,
      '/?c=mine',
    )
    assert.equal(query.backend!.path, '/?c=%7B%22a%22%3A1%7D')
  })

  test('of another algorithm, key or shape is refused when the plugin is strict', async () => {
    const strict = { strict: true }
    for (const text of [
      await encrypted('{}', 'RSA-OAEP-512'),
      await encrypted('{}', 'RSA-OAEP-256', 'A256GCM'),
      (await encrypted('{}')).replace(/.{6}$/, 'AAAAAA'),
      'a.b.c.d.e',
      'no token',
      'x'.repeat(20_000),
    ]) {
      const run = await call(strict, { 'X-JWT-Token': text })
      assert.deepEqual([run.status, run.text, run.backend], [401, '{"error":"invalid token"}', null])
    }
    const gone = await call({ strict: true, certId: 'none' }, { 'X-JWT-Token': await encrypted('{}') })
    assert.deepEqual([gone.status, gone.text], [400, '{"error":"invalid configuration"}'])
  })

  test('that holds no claims is refused always', async () => {
    for (const text of ['[]', 'text', '{"a":1,"a":2}'])
      assert.equal((await call({}, { 'X-JWT-Token': await encrypted(text) })).status, 401, text)
  })

  test('that is missing is refused', async () => {
    const run = await call({}, {})
    assert.deepEqual([run.status, run.text], [400, '{"error":"something wrong happened"}'])
  })
})

describe('claims in clear', () => {
  test('never reach the backend in the place of decrypted ones', async () => {
    const forged = '{"admin":true}'
    for (const config of [{}, { certId: null }, { certId: 'none' }])
      assert.equal(inHeader(await call(config, { 'X-JWT-Token': forged })), undefined)
    const elsewhere = { forward_location: { type: 'InHeader', name: 'X-Claims', remove: '' } }
    const other = (await encrypted('{}')).replace(/.{6}$/, 'AAAAAA')
    const run = await call(elsewhere, { 'X-JWT-Token': other, 'X-Claims': forged })
    assert.equal(run.status, 200)
    assert.equal(run.backend!.headers.get('x-claims'), undefined)
    assert.equal(inHeader(run), other, 'the token that cannot be opened goes on')
  })
})

const vectors = new URL('../../../../shared/corpora/jose/json_web_encryption_test.json', import.meta.url)
test('public vectors of RSA-OAEP-256', { skip: !existsSync(vectors) }, async () => {
  const { testGroups } = JSON.parse(readFileSync(vectors, 'utf8'))
  const seen = { opened: 0, refused: 0 }
  for (const group of testGroups) {
    if (group.private.kty !== 'RSA' || group.private.alg !== 'RSA-OAEP-256') continue
    const privateKey = createPrivateKey({ key: group.private as JsonWebKeyInput['key'], format: 'jwk' })
    const pairs = {
      find: () => ({ publicKey: createPublicKey(privateKey), signsTokens: true, exposed: false, tenant: '' }),
      signingKey: () => privateKey,
    }
    for (const { jwe, enc, result, tcId } of group.tests) {
      const contentEncryptionAlgorithm = String(enc).replace('-', '_')
      const run = await runPlugin(plugin, {
        config: { certId: 'pair', strict: true, contentEncryptionAlgorithm },
        services: { keyPairs: pairs },
        request: { headers: { 'X-JWT-Token': jwe } },
      })
      // Their texts are no claims: those that open get as far as that.
      assert.equal(run.status, 401, `${tcId}`)
      seen[result === 'valid' ? 'opened' : 'refused']++
    }
  }
  assert.ok(seen.opened > 5 && seen.refused > 3, JSON.stringify(seen))
})
