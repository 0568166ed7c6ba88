import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  contentDigest,
  digestFault,
  readCandidates,
  signatureBase,
  verifies,
} from '../../message-signatures/index.ts'
import { HeaderBlock } from '../../http/headers.ts'
import { type PluginRun, type PluginRunInput, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './http-signature-sign-response.ts'

const pair = generateKeyPairSync('ed25519')
const key = { kind: 'inline', secret_or_pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) }
const json = { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"a":1}' }

async function answered(config: object, more: PluginRunInput = {}) {
  return runPlugin(plugin, { config: { key, ...config }, backend: json, ...more })
}

/** The signature of an answer to `GET /a`, verified. */
function verified(run: PluginRun) {
  const [candidate] = readCandidates(run.headers)
  const request = {
    method: 'GET',
    scheme: 'http',
    authority: 'gateway.test',
    target: '/',
    headers: HeaderBlock.from([['X-A', 'of the request']]),
  } as const
  const message = { kind: 'response', status: run.status, headers: run.headers, request } as const
  const base = signatureBase(candidate!.covered, message)
  assert.ok(verifies('ed25519', pair.publicKey, base, candidate!.signature), base)
  return { ...candidate!, base }
}

describe('a signed answer', () => {
  it('has a signature over status, type and body', async () => {
    const run = await answered({})
    const { label, parameters, base } = verified(run)
    assert.equal(label, 'sig1')
    assert.match(base, /^"@status": 200\n"content-type": application\/json\n"content-digest": sha-256=:/)
    assert.ok(Math.abs(Date.now() / 1000 - parameters.created!) < 60)
    assert.equal(parameters.expires, parameters.created! + 300)
    assert.deepEqual(
      [parameters.alg, parameters.keyid, parameters.nonce, parameters.tag],
      ['ed25519', null, null, null],
    )
    assert.equal(digestFault(run.headers.get('content-digest')!, run.body), null)
    assert.equal(run.text, json.body)
  })

  it('has the parameters of the settings, in their order', async () => {
    const run = await answered({
      keyid: 'k',
      signature_label: 'gw',
      include_nonce: true,
      tag: 'app',
      content_digest_algorithm: 'sha-512',
      expires_in_seconds: 5,
    })
    const { label, parameters } = verified(run)
    assert.equal(label, 'gw')
    assert.deepEqual([parameters.keyid, parameters.tag], ['k', 'app'])
    assert.match(parameters.nonce!, /^[\w-]{22}$/)
    assert.match(
      run.headers.get('signature-input')!,
      /\);created=\d+;expires=\d+;keyid="k";alg="ed25519";nonce="[\w-]+";tag="app"$/,
    )
    assert.equal(run.headers.get('content-digest'), contentDigest(Buffer.from(json.body), 'sha-512'))
    const bare = await answered({ include_created: false, expires_in_seconds: null })
    assert.match(bare.headers.get('signature-input')!, /\);alg="ed25519"$/)
  })

  it('may cover the request it belongs to', async () => {
    const components = ['@status', '@method;req', 'x-a;req']
    const request = { headers: { 'X-A': 'of the request' } }
    const { base } = verified(await answered({ components }, { request }))
    assert.match(base, /"@method";req: GET\n"x-a";req: of the request/)
  })

  it('keeps the digest and the body of the backend where told so', async () => {
    const backend = { ...json, headers: { ...json.headers, 'Content-Digest': 'sha-256=:AA==:' } }
    const run = await answered({ add_content_digest: false }, { backend })
    assert.equal(run.headers.get('content-digest'), 'sha-256=:AA==:')
    verified(run)
  })

  it('has its signature once, beside those of the backend', async () => {
    const headers = { ...json.headers, 'Signature-Input': 'b=("@status")', Signature: 'b=:AA==:' }
    const run = await answered({}, { backend: { ...json, headers } })
    assert.deepEqual(run.headers.getAll('signature-input').length, 2)
    const same = { ...headers, 'Signature-Input': 'sig1=("@status")', Signature: 'sig1=:AA==:' }
    verified(await answered({}, { backend: { ...json, headers: same } }))
  })
})

describe('an answer that cannot be signed', () => {
  it('goes out as it is, and it is logged', async () => {
    const cases: [object, PluginRunInput][] = [
      [{}, { backend: { ...json, headers: {} } }],
      [{}, { backend: { status: 204, headers: json.headers } }],
      [{ max_body_size: 6 }, {}],
      [{ key: { kind: 'cert', cert_id: 'none' } }, {}],
      [{}, { request: { method: 'HEAD' }, backend: { ...json, body: '' } }],
    ]
    for (const [config, more] of cases) {
      const run = await answered(config, more)
      assert.ok(run.status < 300)
      assert.equal(run.headers.get('signature'), undefined)
      assert.ok(
        run.log.some(line => line.level === 'warn' && line.message.includes('not signed')),
        JSON.stringify(config),
      )
    }
    const none = await runPlugin(plugin, { config: {}, backend: json })
    assert.equal(none.headers.get('signature'), undefined)
  })

  it('is a fault when only reading it tells that it is too long', async () => {
    const run = await answered({ max_body_size: 6 }, { backend: { ...json, chunked: true } })
    assert.deepEqual([run.status, run.refusal?.reason], [502, 'transform.response_too_large'])
    assert.equal((await answered({ max_body_size: 7 }, { backend: { ...json, chunked: true } })).status, 200)
  })

  it('does not start with a key that cannot sign', () => {
    const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' })
    for (const config of [
      { key: { ...key, secret_or_pem: publicPem } },
      { key, algorithm: 'hmac-sha256' },
      { key, algorithm: 'none' },
      { key: { ...key, alg: 'rsa-pss-sha512' } },
      { key: { kind: 'jwks', url: 'https://x.test' } },
      { key, signature_label: 'A' },
      { key, components: ['a b'] },
      { key, tag: 'a\nb' },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config).slice(0, 80))
  })
})
