import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import { countingAlone } from '../../limits/counting.ts'
import { contentDigest } from '../../message-signatures/index.ts'
import {
  type RequestInput,
  outgoingCalls,
  jwtServices,
  pluginServices,
  routeView,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import plugin from './http-signature-verify-request.ts'

const secret = { kind: 'inline', secret_or_pem: 'shared secret', keyid: 'k' }
const now = (): number => Math.floor(Date.now() / 1000)

interface Signing {
  readonly components?: string
  readonly parameters?: string
  readonly lines?: readonly string[]
  readonly label?: string
  readonly by?: (base: string) => Buffer
}

const usual = ['"@method": GET', '"@target-uri": http://gateway.test/a?b=1']

/** Fields of a signature over `lines`. */
function signed(signing: Signing = {}): Record<string, string> {
  const {
    components = '"@method" "@target-uri"',
    parameters = `;created=${now()};keyid="k"`,
    lines = usual,
    label = 'sig1',
    by = base => createHmac('sha256', 'shared secret').update(base).digest(),
  } = signing
  const input = `(${components})${parameters}`
  const base = [...lines, `"@signature-params": ${input}`].join('\n')
  return { 'Signature-Input': `${label}=${input}`, Signature: `${label}=:${by(base).toString('base64')}:` }
}

async function call(
  config: object,
  headers: Record<string, string>,
  request: RequestInput = {},
  services = {},
) {
  return runPlugin(plugin, {
    config: { keys: [secret], ...config },
    request: { url: '/a?b=1', ...request, headers },
    services,
  })
}

async function fault(config: object, headers: Record<string, string>, status = 401): Promise<string> {
  const run = await call(config, headers)
  assert.equal(run.status, status, run.text)
  assert.equal(run.backend, null)
  const { error, details } = JSON.parse(run.text)
  assert.equal(error, 'invalid_http_signature')
  assert.match(run.headers.get('otoroshi-error-reason')!, /^signature\./)
  return details
}

describe('a signed request', () => {
  it('passes, also with another signature beside the right one', async () => {
    assert.equal((await call({}, signed())).status, 200)
    const [good, bad] = [signed({ label: 'b' }), signed({ label: 'a', by: () => Buffer.from('x') })]
    const both = {
      'Signature-Input': `${bad['Signature-Input']}, ${good['Signature-Input']}`,
      Signature: `${bad['Signature']}, ${good['Signature']}`,
    }
    assert.equal((await call({}, both)).status, 200)
    assert.equal((await call({ signature_label: 'b' }, both)).status, 200)
    assert.equal(await fault({ signature_label: 'a' }, both), 'no candidate signature verified')
    assert.equal(await fault({ signature_label: 'c' }, both, 400), 'no signature has the expected label')
  })

  it('is none: passes unless that is mandatory', async () => {
    assert.equal((await call({}, {})).status, 200)
    assert.equal(await fault({ mandatory: true }, {}), 'there is no signature')
    assert.equal((await call({ mandatory: true }, signed())).status, 200)
  })

  it('does not pass when anything of it was changed', async () => {
    const fields = signed()
    for (const request of [
      { method: 'POST' },
      { url: '/a?b=2' },
      { url: '/A?b=1' },
      { url: 'http://other.test/a?b=1' },
    ]) {
      const run = await call({}, fields, request)
      assert.equal(run.status, 401, JSON.stringify(request))
    }
    const later = {
      ...fields,
      'Signature-Input': fields['Signature-Input']!.replace(/created=\d+/, `created=${now() + 1}`),
    }
    assert.equal(await fault({}, later), 'no candidate signature verified')
  })

  it('must cover what is required', async () => {
    const fields = signed({ components: '"@method"', lines: [usual[0]!] })
    assert.equal(await fault({}, fields), 'the component "@target-uri" is not signed')
    assert.equal((await call({ required_components: ['@method'] }, fields)).status, 200)
    const covered = signed({ components: '"@query-param";name="b"', lines: ['"@query-param";name="b": 1'] })
    assert.equal((await call({ required_components: ['"@query-param";name="b"'] }, covered)).status, 200)
    await fault({ required_components: ['"@query-param";name="c"'] }, covered)
  })

  it('must be young', async () => {
    const at = (parameters: string) => signed({ parameters: `${parameters};keyid="k"` })
    assert.equal(await fault({}, at(`;created=${now() - 400}`)), 'the signature is too old')
    assert.equal(await fault({}, at(`;created=${now() + 60}`)), 'the signature is from the future')
    assert.equal(await fault({}, at(`;created=${now()};expires=${now() - 60}`)), 'the signature has expired')
    assert.equal(await fault({}, at('')), 'the signature does not say when it was made')
    assert.equal(await fault({}, at(`;expires=${now() + 4000}`)), 'the signature is good for too long')
    for (const parameters of [`;created=${now() - 310}`, `;created=${now() + 20}`, `;expires=${now() + 200}`])
      assert.equal((await call({}, at(parameters))).status, 200, parameters)
    assert.equal((await call({ max_age_seconds: null }, at(`;created=${now() - 1_000_000}`))).status, 200)
    assert.equal((await call({ max_age_seconds: null }, at(''))).status, 200)
    assert.equal((await call({ max_age_seconds: 1000 }, at(`;created=${now() - 900}`))).status, 200)
  })

  it('must name its key, unless that is not asked for', async () => {
    const fields = signed({ parameters: `;created=${now()}` })
    const keys = [{ ...secret, keyid: null }]
    assert.equal(await fault({ keys }, fields), 'the signature names no key')
    assert.equal((await call({ keys, require_keyid: false }, fields)).status, 200)
    await fault({ require_keyid: false }, fields)
    await fault({ keys: [{ ...secret, keyid: 'other' }] }, signed())
  })

  it('is by an algorithm that is accepted and that of its key', async () => {
    const named = (alg: string) => signed({ parameters: `;created=${now()};keyid="k";alg="${alg}"` })
    assert.equal((await call({}, named('hmac-sha256'))).status, 200)
    for (const alg of ['hmac-sha512', 'ed25519', 'none', '', 'constructor']) await fault({}, named(alg))
    await fault({ allowed_algorithms: ['ed25519'] }, named('hmac-sha256'))
    await fault({ allowed_algorithms: ['ed25519'] }, signed())
  })

  it('is not verified by a public key taken for a secret', async () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const forged = signed({ by: base => createHmac('sha256', pem).update(base).digest() })
    await fault({ keys: [{ kind: 'inline', secret_or_pem: pem, keyid: 'k' }] }, forged)
  })

  it('is malformed: 400', async () => {
    for (const [input, signature] of [
      ['sig1=(', 'sig1=:AA==:'],
      ['sig1=("@method")', 'x'],
      ['sig1=("@method" "@target-uri" "@nope");keyid="k";created=1', 'sig1=:AA==:'],
      ['sig1=("@method" "@target-uri");keyid="k";created="1"', 'sig1=:AA==:'],
    ] as const)
      await fault({ max_age_seconds: null }, { 'Signature-Input': input, Signature: signature }, 400)
    await fault({}, { Signature: 'a=:AA==:' }, 400)
  })
})

describe('a signed body', () => {
  const body = '{"a":1}'
  const covered = (digest: string, text = body) => ({
    fields: {
      'Content-Digest': digest,
      ...signed({
        components: '"@method" "@target-uri" "content-digest"',
        lines: ['"@method": POST', usual[1]!, `"content-digest": ${digest}`],
      }),
    },
    request: { method: 'POST', body: text },
  })
  const digest = contentDigest(Buffer.from(body), 'sha-256')

  it('passes to the backend when its digest is right', async () => {
    const { fields, request } = covered(digest)
    const run = await call({}, fields, request)
    assert.equal(run.status, 200, run.text)
    assert.equal(run.backend!.body.toString(), body)
  })

  it('is refused when it is not what was signed', async () => {
    for (const [field, text] of [
      [digest, `${body} `],
      [digest, ''],
      [contentDigest(Buffer.from('x'), 'sha-512'), body],
      [`${digest}, sha-512=:AA==:`, body],
      ['md5=:AA==:', body],
    ] as const) {
      const { fields, request } = covered(field, text)
      const run = await call({}, fields, request)
      assert.equal(run.status, 401, field)
      assert.equal(run.backend, null)
      assert.equal(run.headers.get('otoroshi-error-reason'), 'signature.invalid')
    }
  })

  it('is read within a limit', async () => {
    const { fields, request } = covered(digest)
    assert.equal((await call({ max_body_size: 6 }, fields, request)).status, 413)
    assert.equal((await call({ max_body_size: 6 }, fields, { ...request, chunked: true })).status, 413)
    assert.equal((await call({ max_body_size: 7 }, fields, request)).status, 200)
  })
})

describe('a nonce', () => {
  const withNonce = (nonce: string) => signed({ parameters: `;created=${now()};keyid="k";nonce="${nonce}"` })

  it('is good once', async () => {
    const counting = countingAlone()
    const fields = withNonce('n1')
    assert.equal((await call({}, fields, {}, { counting })).status, 200)
    const again = await call({}, fields, {}, { counting })
    assert.equal(again.status, 401)
    assert.equal(JSON.parse(again.text).details, 'the nonce was used before')
    assert.equal((await call({}, withNonce('n2'), {}, { counting })).status, 200)
  })

  it('is not used up by who cannot sign', async () => {
    const counting = countingAlone()
    const fields = withNonce('n')
    assert.equal((await call({}, { ...fields, Signature: 'sig1=:AA==:' }, {}, { counting })).status, 401)
    assert.equal((await call({}, fields, {}, { counting })).status, 200)
  })

  it('may be asked for', async () => {
    assert.equal(await fault({ require_nonce: true }, signed()), 'the signature has no nonce')
    assert.equal((await call({ require_nonce: true }, withNonce('n'))).status, 200)
  })
})

describe('keys', () => {
  const ed = generateKeyPairSync('ed25519')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string
  const byEd = (base: string) => sign(null, Buffer.from(base), ed.privateKey)
  const byRsa = (base: string) => sign('sha256', Buffer.from(base), rsa.privateKey)

  it('may be public ones; one of RSA needs its algorithm told', async () => {
    const keys = [{ kind: 'inline', secret_or_pem: pem(ed.publicKey), keyid: 'k' }]
    assert.equal((await call({ keys }, signed({ by: byEd }))).status, 200)
    const ofRsa = { kind: 'inline', secret_or_pem: pem(rsa.publicKey), keyid: 'k' }
    await fault({ keys: [ofRsa] }, signed({ by: byRsa }))
    assert.equal(
      (await call({ keys: [{ ...ofRsa, alg: 'rsa-v1_5-sha256' }] }, signed({ by: byRsa }))).status,
      200,
    )
    const told = signed({ by: byRsa, parameters: `;created=${now()};keyid="k";alg="rsa-v1_5-sha256"` })
    assert.equal((await call({ keys: [ofRsa] }, told)).status, 200)
    await fault({ keys: [{ ...ofRsa, alg: 'rsa-pss-sha512' }] }, told)
  })

  it('may be those of certificates, while they are good', async () => {
    let stored: KeyObject | null = ed.publicKey
    const keyPairs = {
      find: (id: string) =>
        id === 'c' && stored !== null
          ? { publicKey: stored, signsTokens: false, exposed: false, tenant: 'default' }
          : null,
      signingKey: () => null,
    }
    const keys = [{ kind: 'cert', cert_id: 'c', keyid: 'k' }]
    assert.equal((await call({ keys }, signed({ by: byEd }), {}, { keyPairs })).status, 200)
    stored = null
    assert.equal((await call({ keys }, signed({ by: byEd }), {}, { keyPairs })).status, 401)
  })

  it('may be published by a server', async () => {
    const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig' }
    const edJwk = { ...ed.publicKey.export({ format: 'jwk' }), kid: 'e' }
    const calls = outgoingCalls(() => ({ body: JSON.stringify({ keys: [jwk, edJwk] }) }))
    const services = { jwt: jwtServices({ calls }) }
    const keys = [{ kind: 'jwks', url: 'https://keys.test/jwks' }]
    const told = signed({ by: byRsa, parameters: `;created=${now()};keyid="k";alg="rsa-v1_5-sha256"` })
    assert.equal((await call({ keys }, told, {}, services)).status, 200)
    const byEdwards = signed({ by: byEd, parameters: `;created=${now()};keyid="e";alg="ed25519"` })
    assert.equal((await call({ keys }, byEdwards, {}, services)).status, 200)
    const unknown = signed({ by: byRsa, parameters: `;created=${now()};keyid="z";alg="rsa-v1_5-sha256"` })
    assert.equal((await call({ keys }, unknown, {}, services)).status, 401)
    const secretly = signed({ parameters: `;created=${now()};keyid="k";alg="hmac-sha256"` })
    assert.equal((await call({ keys }, secretly, {}, services)).status, 401)
  })

  it('that are none, or components that are none, do not start', () => {
    const services = pluginServices(routeView(), [], [])
    for (const config of [
      { keys: [{ kind: 'inline' }] },
      {
        keys: [{ kind: 'inline', secret_or_pem: '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----' }],
      },
      { keys: [{ kind: 'inline', secret_or_pem: 's', alg: 'ed25519' }] },
      { keys: [{ kind: 'cert' }] },
      { keys: [{ kind: 'jwks', url: 'file:///x' }] },
      { keys: [{ kind: 'hsm' }] },
      { keys: [{ ...secret, alg: 'none' }] },
      { allowed_algorithms: ['none'] },
      { required_components: ['a b'] },
      { max_age_seconds: -1 },
    ])
      assert.throws(() => setUp(plugin, config, services), JSON.stringify(config))
  })
})
