import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import { HeaderBlock } from '../http/headers.ts'
import {
  type Algorithm,
  algorithms,
  contentDigest,
  digestFault,
  inlineKey,
  keyFits,
  readCandidates,
  readComponents,
  secretOf,
  SignatureFault,
  signatureBase,
  type SignedMessage,
  type SignedRequest,
  signs,
  verifies,
  writeSignature,
} from './index.ts'
import {
  ed25519Private,
  ed25519Public,
  requestBody,
  requestFields,
  responseBody,
  responseDigest,
  sharedSecret,
  testRequest,
  testResponse,
  vectors,
} from './testing/rfc-vectors.ts'

function candidateOf(input: string, signature: string) {
  const headers = HeaderBlock.from([
    ['Signature-Input', input],
    ['Signature', signature],
  ])
  return readCandidates(headers)[0]!
}

/** The base of a request over the components, without its last line. */
function baseOf(components: string, request: Partial<SignedRequest> = {}, message?: SignedMessage): string {
  const { covered } = candidateOf(`s=(${components})`, 's=:AA==:')
  const base = signatureBase(
    covered,
    message ?? { kind: 'request', request: { ...testRequest(), ...request } },
  )
  return base.slice(0, base.lastIndexOf('\n'))
}

const fault = (components: string, request: Partial<SignedRequest> = {}): void =>
  assert.throws(() => baseOf(components, request), SignatureFault, components)

describe('the vectors of RFC 9421, appendix B', () => {
  for (const vector of vectors)
    it(`${vector.name} verifies, and not when anything is changed`, () => {
      const key = inlineKey(vector.key, 'public')
      const { covered, signature } = candidateOf(vector.input, vector.signature)
      const message: SignedMessage =
        vector.of === 'response' ? testResponse : { kind: 'request', request: testRequest() }
      const base = signatureBase(covered, message)
      assert.ok(verifies(vector.algorithm, key, base, signature))
      assert.ok(!verifies(vector.algorithm, key, `${base} `, signature))
      const other = Uint8Array.from(signature, (byte, at) => (at === 5 ? byte ^ 1 : byte))
      assert.ok(!verifies(vector.algorithm, key, base, other))
      assert.ok(!verifies(vector.algorithm, key, base, signature.subarray(1)))
      for (const algorithm of algorithms)
        if (algorithm !== vector.algorithm) assert.ok(!verifies(algorithm, key, base, signature), algorithm)
    })

  it('are made again where signing is deterministic', () => {
    for (const [at, key] of [
      [4, inlineKey(sharedSecret, 'private')],
      [5, inlineKey(ed25519Private, 'private')],
    ] as const) {
      const { algorithm, input, signature } = vectors[at]!
      const { label, covered } = candidateOf(input, signature)
      const made = writeSignature(
        {
          label,
          components: readComponents(covered[0].map(([name]) => String(name))),
          parameters: covered[1],
          algorithm,
          key,
        },
        { kind: 'request', request: testRequest() },
      )
      assert.deepEqual(made, { input, signature })
    }
  })

  it('fit the digests of their content', () => {
    const digest = requestFields[3][1]
    assert.equal(digestFault(digest, Buffer.from(requestBody)), null)
    assert.equal(contentDigest(Buffer.from(requestBody), 'sha-512'), digest)
    assert.equal(digestFault(responseDigest, Buffer.from(responseBody)), null)
    assert.notEqual(digestFault(digest, Buffer.from(`${requestBody} `)), null)
  })
})

describe('components', () => {
  it('derived from a request are those of RFC 9421, 2.2', () => {
    const request = {
      scheme: 'https',
      authority: 'WWW.Example.com:443',
      target: '/path?param=value',
    } as const
    assert.equal(baseOf('"@method"', request), '"@method": POST')
    assert.equal(baseOf('"@target-uri"', request), '"@target-uri": https://www.example.com/path?param=value')
    assert.equal(baseOf('"@authority"', request), '"@authority": www.example.com')
    assert.equal(baseOf('"@authority"', { authority: 'a.test:8443' }), '"@authority": a.test:8443')
    assert.equal(baseOf('"@authority"', { authority: 'a.test:80', scheme: 'http' }), '"@authority": a.test')
    assert.equal(baseOf('"@scheme"', request), '"@scheme": https')
    assert.equal(baseOf('"@request-target"', request), '"@request-target": /path?param=value')
    assert.equal(baseOf('"@path"', request), '"@path": /path')
    assert.equal(baseOf('"@query"', { target: '/a?b%20c' }), '"@query": ?b%20c')
    assert.equal(baseOf('"@query"', { target: '/a' }), '"@query": ?')
    assert.equal(baseOf('"@query"', { target: '/a?' }), '"@query": ?')
  })

  it('that are query parameters are encoded as 2.2.8 wants it, and are there once', () => {
    const target =
      '/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&qux=&a=1&a=2'
    const value = (name: string): string =>
      baseOf(`"@query-param";name="${name}"`, { target }).split(': ').at(-1)!
    assert.equal(value('var'), 'this%20is%20a%20big%0Amultiline%20value')
    assert.equal(value('bar'), 'with%20plus%20whitespace')
    assert.equal(value('fa%C3%A7ade%22%3A%20'), 'something')
    assert.equal(baseOf('"@query-param";name="qux"', { target }), '"@query-param";name="qux": ')
    for (const name of ['a', 'nope']) fault(`"@query-param";name="${name}"`, { target })
    fault('"@query-param"')
  })

  it('that are fields are joined and trimmed, strict, as bytes or by a member', () => {
    const headers = HeaderBlock.from([
      ['X-OWS', '  Leading and trailing  '],
      ['Cache-Control', 'max-age=60'],
      ['cache-control', '    must-revalidate'],
      ['Example-Dict', '  a=1,    b=2;x=1;y=2,   c=(a   b   c), d'],
      ['Priority', '  u=1,    i '],
      ['X-Empty', ''],
      ['Latin', 'caf\u00e9'],
    ])
    assert.equal(baseOf('"x-ows"', { headers }), '"x-ows": Leading and trailing')
    assert.equal(baseOf('"cache-control"', { headers }), '"cache-control": max-age=60, must-revalidate')
    assert.equal(baseOf('"x-empty"', { headers }), '"x-empty": ')
    assert.equal(baseOf('"example-dict";key="a"', { headers }), '"example-dict";key="a": 1')
    assert.equal(baseOf('"example-dict";key="d"', { headers }), '"example-dict";key="d": ?1')
    assert.equal(baseOf('"example-dict";key="b"', { headers }), '"example-dict";key="b": 2;x=1;y=2')
    assert.equal(baseOf('"example-dict";key="c"', { headers }), '"example-dict";key="c": (a b c)')
    assert.equal(baseOf('"priority";sf', { headers }), '"priority";sf: u=1, i')
    assert.equal(baseOf('"x-ows";bs', { headers }), '"x-ows";bs: :TGVhZGluZyBhbmQgdHJhaWxpbmc=:')
    assert.equal(
      baseOf('"cache-control";bs', { headers }),
      '"cache-control";bs: :bWF4LWFnZT02MA==:, :bXVzdC1yZXZhbGlkYXRl:',
    )
    const base = signatureBase(candidateOf('s=("latin")', 's=:AA==:').covered, {
      kind: 'request',
      request: { ...testRequest(), headers },
    })
    assert.ok(Buffer.from(base, 'latin1').includes(0xe9))
  })

  it('that are not there, unknown, twice or ambiguous are faults', () => {
    for (const components of [
      '"x-none"',
      '"@status"',
      '"@nope"',
      '"date" "date"',
      '"Date"',
      'date',
      '1',
      '"date";req',
      '"date";tr',
      '"date";nope=1',
      '"date";sf',
      '"date";key="a"',
      '"date";bs=1',
      '"content-digest";bs;sf',
      '"content-digest";bs;key="sha-512"',
      '"@method";sf',
      '"@method";name="a"',
      Array.from({ length: 65 }, (_, at) => `"@query-param";name="p${at}"`).join(' '),
    ])
      fault(components)
  })

  it('of an answer may be those of its request', () => {
    assert.equal(baseOf('"@status" "@method";req', {}, testResponse), '"@status": 200\n"@method";req: POST')
    for (const components of ['"@method"', '"@status";req', '"@path"', '"host"'])
      assert.throws(() => baseOf(components, {}, testResponse), SignatureFault, components)
  })

  it('are read from settings in either spelling', () => {
    const read = readComponents([
      '@Method',
      ' Content-Type ',
      'content-digest;req',
      '"@query-param";name="a b"',
    ])
    assert.deepEqual(
      read.map(({ name, parameters }) => [name, ...parameters]),
      [['@method'], ['content-type'], ['content-digest', ['req', true]], ['@query-param', ['name', 'a b']]],
    )
    for (const written of ['', 'a b', '"a', 'a;', 'a\nb', '@', '"a\nb"'])
      assert.throws(() => readComponents([written]), JSON.stringify(written))
  })
})

describe('the fields of signatures', () => {
  const read = (input: string, signature: string) => () => candidateOf(input, signature)

  it('are read over several fields, with their parameters', () => {
    const headers = HeaderBlock.from([
      ['Signature-Input', 'a=("@method");created=1;expires=2;keyid="k";alg="ed25519";nonce="n";tag="t"'],
      ['signature-input', 'b=()'],
      ['Signature', 'b=:AQ==:'],
      ['Signature', 'a=:Ag==:'],
    ])
    const [a, b] = readCandidates(headers)
    assert.deepEqual(a!.parameters, {
      created: 1,
      expires: 2,
      keyid: 'k',
      alg: 'ed25519',
      nonce: 'n',
      tag: 't',
    })
    assert.deepEqual([...a!.signature], [2])
    assert.equal(b!.label, 'b')
    assert.equal(b!.parameters.created, null)
    assert.deepEqual(readCandidates(new HeaderBlock()), [])
  })

  it('that cannot be read are faults', () => {
    for (const [input, signature] of [
      ['a=("@method"', 'a=:AQ==:'],
      ['a=("@method")', 'a=AQ=='],
      ['a=("@method")', 'b=:AQ==:'],
      ['a', 'a=:AQ==:'],
      ['a=("@method")', 'a="x"'],
      ['a=("@method");created="1"', 'a=:AQ==:'],
      ['a=("@method");created=1.5', 'a=:AQ==:'],
      ['a=("@method");keyid=x', 'a=:AQ==:'],
      ['a=("@method");nonce=:AQ==:', 'a=:AQ==:'],
      [Array.from({ length: 9 }, (_, at) => `s${at}=()`).join(', '), 's0=:AQ==:'],
      [`a=("${'x'.repeat(20_000)}")`, 'a=:AQ==:'],
    ] as const)
      assert.throws(read(input, signature), SignatureFault, input.slice(0, 60))
    for (const name of ['Signature', 'Signature-Input'])
      assert.throws(() => readCandidates(HeaderBlock.from([[name, 'a=:AQ==:']])), SignatureFault)
  })
})

describe('keys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pairs: Readonly<
    Record<Exclude<Algorithm, 'hmac-sha256'>, { publicKey: KeyObject; privateKey: KeyObject }>
  > = {
    'rsa-pss-sha512': rsa,
    'rsa-v1_5-sha256': rsa,
    'ecdsa-p256-sha256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    'ecdsa-p384-sha384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ed25519: generateKeyPairSync('ed25519'),
  }

  it('sign and verify, each with the algorithms it fits only', () => {
    for (const [algorithm, { publicKey, privateKey }] of Object.entries(pairs)) {
      const signature = signs(algorithm as Algorithm, privateKey, 'base')
      assert.ok(verifies(algorithm as Algorithm, publicKey, 'base', signature), algorithm)
      for (const other of algorithms)
        if (other !== algorithm)
          assert.ok(!verifies(other, publicKey, 'base', signature), `${algorithm} as ${other}`)
    }
  })

  it('that are too short, of another curve or a secret do not fit', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
    assert.ok(!keyFits('rsa-pss-sha512', short.publicKey))
    assert.throws(() => signs('rsa-v1_5-sha256', short.privateKey, 'base'))
    assert.ok(!keyFits('ecdsa-p256-sha256', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey))
    assert.ok(!keyFits('ed25519', secretOf('secret')))
    assert.ok(!keyFits('hmac-sha256', pairs.ed25519.publicKey))
  })

  it('are written as secrets in several ways, or as PEM that is never a secret', () => {
    const bytes = (text: string): string => secretOf(text).export().toString('latin1')
    assert.equal(bytes('plain'), 'plain')
    assert.equal(bytes('base64:+/8='), '\xfb\xff')
    assert.equal(bytes('base64url:-_8'), '\xfb\xff')
    assert.equal(bytes('hex:fbFF'), '\xfb\xff')
    for (const bad of ['', 'base64:', 'base64:*', 'hex:f', 'hex:zz', 'base64url:+/'])
      assert.throws(() => secretOf(bad), bad)
    assert.equal(inlineKey(ed25519Public, 'public').asymmetricKeyType, 'ed25519')
    assert.equal(inlineKey(ed25519Private, 'public').type, 'public')
    for (const [text, half] of [
      [ed25519Public, 'private'],
      ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'public'],
      ['x -----BEGIN NOTHING-----', 'public'],
    ] as const)
      assert.throws(
        () => inlineKey(text, half),
        (error: Error) => !error.message.includes('AAAA'),
      )
  })
})

describe('digests of content', () => {
  const content = Buffer.from('x')
  const of = (algorithm: 'sha-256' | 'sha-512') => contentDigest(content, algorithm)

  it('must all fit, and one must be known', () => {
    assert.equal(digestFault(`${of('sha-256')}, ${of('sha-512')}, md5=:AA==:`, content), null)
    for (const field of [
      '',
      'md5=:AA==:',
      'sha-256=:AA==:',
      'sha-256="x"',
      'sha-256',
      `${of('sha-256')}, sha-512=:AA==:`,
      'sha-256=:',
    ])
      assert.notEqual(digestFault(field, content), null, field)
  })
})
