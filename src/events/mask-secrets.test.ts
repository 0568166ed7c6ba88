import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitions } from '../model/registry.ts'
import { maskSecrets } from './index.ts'

test('fields whose names tell that they are secrets are masked at any depth', () => {
  const names = [
    'password',
    'adminPassword',
    'PASSWD',
    'clientSecret',
    'client_secret',
    'consumerSecret',
    'nextSecret',
    'token',
    'api-token',
    'access_token',
    'apikey',
    'apiKey',
    'API_KEY',
    'apiKeyPrivate',
    'privateKey',
    'secretAccessKey',
    'accessKey',
    'keyPass',
    'jaasConfig',
    'bearer',
    'Authorization',
    'Proxy-Authorization',
    'Cookie',
    'X-Api-Key',
    'passphrase',
  ]
  for (const name of names)
    assert.deepEqual(maskSecrets({ a: [{ [name]: 'x' }] }), { a: [{ [name]: '***' }] }, name)
  assert.deepEqual(maskSecrets({ secrets: ['a', 'b'], tokens: { name: 'kept' } }), {
    secrets: ['***', '***'],
    tokens: { name: 'kept' },
  })
  assert.deepEqual(
    maskSecrets({
      headers: [
        { key: 'Authorization', value: 'x' },
        { key: 'Host', value: 'h' },
      ],
    }),
    {
      headers: [
        { key: 'Authorization', value: '***' },
        { key: 'Host', value: 'h' },
      ],
    },
  )
})

test('secrets are found where the name says nothing', () => {
  const pem = `-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----`
  assert.deepEqual(
    maskSecrets({ a: pem, b: ['$2b$10$abcdefghijklmnopqrstuv', 'redis://u:p@host:1/x', 'a:b@c'] }),
    {
      a: '***',
      b: ['***', 'redis://u:***@host:1/x', 'a:b@c'],
    },
  )
})

test('what is no secret stays', () => {
  const kept = {
    name: 'token of the day',
    tokenUrl: 'https://idp.test/token',
    clientSecretHeader: 'X-Secret',
    password: '',
    secret: null,
    stripToken: true,
    url: 'https://host.test:8080/a@b',
    key: 'k',
    public: '-----BEGIN CERTIFICATE-----\nMII',
  }
  assert.deepEqual(maskSecrets(kept), kept)
})

test('no template of a kind with a made-up secret gets through', () => {
  for (const definition of definitions) {
    const entity = JSON.parse(JSON.stringify(definition.template('x')), (name, value) =>
      /secret$|password$|token$|privatekey$|apikey$/i.test(name) &&
      (typeof value === 'string' || value === null)
        ? 'hide-me'
        : value,
    )
    assert.doesNotMatch(JSON.stringify(maskSecrets(entity)), /hide-me/, definition.kind)
  }
})

test('a long text takes time in proportion', () => {
  const started = performance.now()
  for (const text of ['://'.repeat(100_000), `://${'a'.repeat(300_000)}`, `x://${':a'.repeat(100_000)}`])
    maskSecrets([text])
  assert.ok(performance.now() - started < 2_000)
})
