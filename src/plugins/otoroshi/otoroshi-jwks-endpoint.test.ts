import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { it } from 'node:test'
import type { KeyPairSource } from '../../plugin/index.ts'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './otoroshi-jwks-endpoint.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const edwards = generateKeyPairSync('ed25519')
const pairs: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  rsa,
  ec,
  edwards,
  lone: rsa,
}

const keyPairs: KeyPairSource = {
  find: id =>
    Object.hasOwn(pairs, id)
      ? { publicKey: pairs[id]!.publicKey, signsTokens: true, exposed: id === 'ec', tenant: 'default' }
      : null,
  signingKey: id => (id === 'lone' ? null : (pairs[id]?.privateKey ?? null)),
  published: () => ['ec'],
}

async function keys(config: object): Promise<Record<string, unknown>[]> {
  const { status, text, headers } = await runPlugin(plugin, { config, services: { keyPairs } })
  assert.deepEqual([status, headers.get('content-type')], [200, 'application/json'])
  assert.doesNotMatch(text, /"(?:d|p|q|dp|dq|qi|k)":/)
  return JSON.parse(text).keys
}

it('publishes the keys that are named, and only those somebody here signs with', async () => {
  const found = await keys({ cert_ids: ['rsa', 'lone', 'nothing', 'edwards', 'ec'] })
  assert.deepEqual(
    found.map(({ kid, kty, alg }) => [kid, kty, alg]),
    [
      ['rsa', 'RSA', undefined],
      ['ec', 'EC', undefined],
    ],
  )
  assert.deepEqual(found[0], { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa' })
})

it('publishes those that say so when none is named', async () => {
  assert.deepEqual(
    (await keys({})).map(({ kid }) => kid),
    ['ec'],
  )
})

it('tells each algorithm that fits the key', async () => {
  const all = { cert_ids: ['rsa', 'ec'], include_algorithms: true }
  const algorithms = async (more: object) =>
    (await keys({ ...all, ...more })).map(({ kid, alg }) => `${kid} ${alg}`)
  assert.deepEqual(await algorithms({}), ['rsa RS256', 'rsa RS384', 'rsa RS512', 'ec ES384'])
  assert.deepEqual(
    await algorithms({ rsa_algorithms: ['RS256', 'ES256', 'none'], es_algorithms: ['ES256'] }),
    ['rsa RS256'],
  )
})

it('is there for reading', async () => {
  const { status, text } = await runPlugin(plugin, { request: { method: 'POST' }, services: { keyPairs } })
  assert.deepEqual([status, text], [404, '{"error":"resource not found !"}'])
})
