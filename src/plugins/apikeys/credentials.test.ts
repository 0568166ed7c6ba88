import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { bearerOf } from '../../identity/proofs.ts'
import { apikeyAttribute } from '../../plugin/index.ts'
import { apikey, type Fields, runPlugin } from '../../plugin/testing.ts'
import plugin from './apikey-calls.ts'

const keys = ['id', 'other'].map(clientId =>
  apikey({
    clientId,
    clientSecret: 'secret',
    authorizedEntities: ['group_default'],
    allowClientIdOnly: true,
  }),
)
const elsewhere = apikey({ clientId: 'elsewhere', clientSecret: 'secret', authorizedEntities: ['group_x'] })

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
function jwt(clientId: string, secret = 'secret'): string {
  const text = `${part({ alg: 'HS256' })}.${part({ iss: clientId })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
const pair = (id: string, secret = 'secret'): string => btoa(`${id}:${secret}`)
const bearer = bearerOf('id', 'secret')

interface Call {
  readonly headers?: Fields
  readonly url?: string
  readonly pathParams?: Record<string, string>
  readonly config?: Record<string, unknown>
}

const call = ({ headers = {}, url = '/', pathParams, config }: Call) =>
  runPlugin(plugin, {
    config,
    apikeys: [...keys, elsewhere],
    request: { url, headers, ...(pathParams !== undefined && { pathParams }) },
  })

/** Client id the call passed with, or the reason it did not. */
async function caller(of: Call): Promise<string> {
  const { refusal, attributes } = await call(of)
  return refusal?.reason ?? attributes.get(apikeyAttribute)?.clientId ?? 'nobody'
}

/** What the backend got: path, and the fields that could hold a credential. */
async function forwarded(of: Call): Promise<{ path: string; fields: Record<string, string> }> {
  const { backend, refusal } = await call(of)
  assert.ok(backend !== null, `refused: ${refusal?.reason}`)
  const fields = [...backend.headers].filter(([name]) => name !== 'Host')
  return { path: backend.path, fields: Object.fromEntries(fields) }
}

const only = (form: string, settings: object = {}) => ({
  extractors: Object.fromEntries(
    ['basic', 'custom_headers', 'client_id', 'jwt', 'oto_bearer'].map(name => [
      name,
      name === form ? settings : { enabled: false },
    ]),
  ),
})

const places: Record<string, readonly Call[]> = {
  client_id: [
    { headers: { 'X-Api-Key': 'id' } },
    { url: '/?x-api-key=id' },
    { url: '/?x-api-key=unknown&x-api-key=id' },
    { headers: { Cookie: 'x-api-key=id' } },
    { pathParams: { apikey_simple_id: 'id' } },
  ],
  custom_headers: [{ headers: { 'otoroshi-client-id': 'id', 'otoroshi-client-secret': 'secret' } }],
  jwt: [
    { headers: { 'Otoroshi-Token': jwt('id') } },
    { headers: { 'Otoroshi-Token': `Bearer ${jwt('id')}` } },
    { headers: { Authorization: `Bearer ${jwt('id')}` } },
    { headers: { authorization: `bearer ${jwt('id')}` } },
    { url: `/?bearer_auth=${jwt('id')}` },
    { headers: { Cookie: `access_token=${jwt('id')}` } },
    { pathParams: { apikey_jwt: jwt('id') } },
  ],
  basic: [
    { headers: { 'Otoroshi-Authorization': pair('id') } },
    { headers: { 'Otoroshi-Authorization': `Basic ${pair('id')}` } },
    { headers: { Authorization: `Basic ${pair('id')}` } },
    { headers: { Authorization: `basic ${pair('id')}` } },
    { url: `/?basic_auth=${pair('id')}` },
    { headers: { Cookie: `basic_auth="${pair('id')}"` } },
    { pathParams: { apikey_basic: pair('id') } },
  ],
  oto_bearer: [
    { headers: { 'Otoroshi-Token': bearer } },
    { headers: { Authorization: `Bearer ${bearer}` } },
    { url: `/?bearer_auth=${bearer}` },
    { url: `/?x-api-key=${bearer}` },
    { headers: { 'x-api-key': bearer } },
    { headers: { Cookie: `bearer=${bearer}` } },
    { pathParams: { apikey_bearer: bearer } },
  ],
}

describe('a credential', () => {
  for (const [form, calls] of Object.entries(places))
    test(`of the form ${form} is found in each of its places`, async () => {
      for (const of of calls) {
        assert.equal(await caller(of), 'id', JSON.stringify(of))
        assert.equal(await caller({ ...of, config: only(form) }), 'id', `alone ${JSON.stringify(of)}`)
      }
    })

  for (const [form, calls] of Object.entries(places))
    test(`of the form ${form} is not looked for when the form is off`, async () => {
      const config = { extractors: { [form]: { enabled: false } } }
      for (const of of calls)
        assert.equal(await caller({ ...of, config }), 'apikey.missing', JSON.stringify(of))
    })

  test('is found under names of ones own, and no more under the usual ones', async () => {
    const named = { header_name: 'My-Key', query_name: 'my_key', cookie_name: 'my-cookie', path_name: 'mine' }
    const texts: Record<string, string> = {
      client_id: 'id',
      jwt: jwt('id'),
      basic: pair('id'),
      oto_bearer: bearer,
    }
    for (const [form, text] of Object.entries(texts)) {
      const config = only(form, named)
      for (const of of [
        { headers: { 'my-key': text } },
        { url: `/?my_key=${encodeURIComponent(text)}` },
        { headers: { Cookie: `my-cookie=${text}` } },
        { pathParams: { mine: text } },
      ])
        assert.equal(await caller({ ...of, config }), 'id', `${form} ${JSON.stringify(of)}`)
      const usual = places[form]!.filter(of => !JSON.stringify(of).includes('uthorization":"'))
      for (const of of usual)
        assert.equal(await caller({ ...of, config }), 'apikey.missing', `${form} ${JSON.stringify(of)}`)
    }
    const config = only('custom_headers', { client_id_header_name: 'A', client_secret_header_name: 'B' })
    assert.equal(await caller({ headers: { a: 'id', b: 'secret' }, config }), 'id')
    assert.equal(await caller({ ...places['custom_headers']![0], config }), 'apikey.missing')
  })

  test('with a blank name of its own is under the usual one', async () => {
    const config = only('client_id', { header_name: '', query_name: ' ', cookie_name: null })
    for (const of of places['client_id']!) assert.equal(await caller({ ...of, config }), 'id')
  })

  test('that goes first decides, and the others do not help when it is wrong', async () => {
    const inOrder = [
      { 'x-api-key': 'id' },
      { 'Otoroshi-Client-Id': 'id', 'Otoroshi-Client-Secret': 'secret' },
      { 'Otoroshi-Token': jwt('id') },
      { 'Otoroshi-Authorization': pair('id') },
      { Authorization: `Bearer ${bearer}` },
    ]
    const wrong = [
      { 'x-api-key': 'unknown' },
      { 'Otoroshi-Client-Id': 'id', 'Otoroshi-Client-Secret': 'wrong' },
      { 'Otoroshi-Token': jwt('id', 'wrong') },
      { 'Otoroshi-Authorization': pair('id', 'wrong') },
    ]
    const expected = ['apikey.unknown', 'apikey.bad', 'apikey.bad', 'apikey.bad']
    for (const [i, fault] of wrong.entries()) {
      const headers = Object.assign({}, ...inOrder.slice(i + 1), fault)
      assert.equal(await caller({ headers }), expected[i], JSON.stringify(fault))
      assert.equal(await caller({ headers: Object.assign({}, ...inOrder.slice(i)) }), 'id')
    }
  })

  test('that only looks like one is none', async () => {
    for (const headers of [
      { Authorization: 'Basic' },
      { Authorization: 'Basic !!' },
      { Authorization: `Basic ${btoa('id')}` },
      { Authorization: `Digest ${pair('id')}` },
      { Authorization: pair('id') },
      { Authorization: 'Bearer a.b.c' },
      { Authorization: 'Bearer opaque' },
      { 'x-api-key': '' },
      { Cookie: 'X-API-KEY=id' },
    ])
      assert.equal(await caller({ headers }), 'apikey.missing', JSON.stringify(headers))
    assert.equal(await caller({ url: '/?x-api-keys=id&a=x-api-key' }), 'apikey.missing')
  })
})

describe('the request to the backend', () => {
  test('does not hold the key, whatever place it came from', async () => {
    for (const [form, calls] of Object.entries(places))
      for (const of of calls.filter(({ pathParams }) => pathParams === undefined)) {
        const { path, fields } = await forwarded(of)
        assert.deepEqual([path, fields], ['/', {}], `${form} ${JSON.stringify(of)}`)
      }
  })

  test('keeps what stands beside the key as it is', async () => {
    const url = '/p?b=%2f+1&x-api-key=id&&a&%78-api-key=id&z=?'
    assert.equal((await forwarded({ url })).path, '/p?b=%2f+1&&a&z=?')
    const cookies = { Cookie: 'x=1;  y="2" ;x-api-key=id; =v; lone; x-api-key2=3' }
    assert.deepEqual((await forwarded({ headers: cookies })).fields, {
      Cookie: 'x=1; y="2"; =v; lone; x-api-key2=3',
    })
  })

  test('holds no repeated field or cookie with the key either', async () => {
    const { backend } = await call({
      headers: [
        ['X-Api-Key', 'id'],
        ['x-api-key', 'id'],
        ['Cookie', 'x-api-key=id'],
        ['Cookie', 'a=1; x-api-key=id'],
      ],
    })
    assert.deepEqual([...backend!.headers].slice(0, -1), [['Cookie', 'a=1']])
  })

  test('holds no second key, in whatever other place', async () => {
    const { path, fields } = await forwarded({
      url: `/?basic_auth=${encodeURIComponent(pair('other'))}&q=1`,
      headers: {
        'X-Api-Key': 'id',
        Authorization: `Basic ${pair('other')}`,
        'Otoroshi-Token': jwt('other'),
        Cookie: `bearer=${bearer}; s=1`,
      },
    })
    assert.deepEqual([path, fields], ['/?q=1', { Cookie: 's=1' }])
  })

  test('holds no key that was refused but let through', async () => {
    const config = { validate: false, mandatory: false }
    const headers = { Authorization: `Basic ${pair('id', 'wrong')}` }
    assert.deepEqual((await forwarded({ headers, config })).fields, {})
  })

  test('holds no key that nobody looked at', async () => {
    const headers = { Authorization: `Basic ${pair('id')}` }
    assert.deepEqual((await forwarded({ headers, config: { validate: false } })).fields, {})
  })

  test('keeps credentials that are for the backend', async () => {
    const config = { mandatory: false }
    for (const Authorization of [
      `Basic ${pair('somebody')}`,
      `Basic ${pair('elsewhere')}`,
      `Bearer ${jwt('https://issuer.test')}`,
      'Bearer opaque',
    ]) {
      assert.deepEqual((await forwarded({ headers: { Authorization }, config })).fields, { Authorization })
      const keyed = { 'Otoroshi-Client-Id': 'id', 'Otoroshi-Client-Secret': 'secret', Authorization }
      assert.deepEqual((await forwarded({ headers: keyed })).fields, { Authorization })
    }
  })

  test('holds nothing of headers of ones own, even of half a pair', async () => {
    const config = {
      mandatory: false,
      extractors: { custom_headers: { client_id_header_name: 'A', client_secret_header_name: 'B' } },
    }
    assert.deepEqual((await forwarded({ headers: { b: 'secret', c: '1' }, config })).fields, { c: '1' })
    assert.deepEqual((await forwarded({ headers: { a: 'id', b: 'secret' }, config })).fields, {})
  })

  test('keeps the key when asked to, headers of the gateway included', async () => {
    const config = { wipe_backend_request: false }
    const headers = { 'Otoroshi-Client-Id': 'id', 'Otoroshi-Client-Secret': 'secret' }
    assert.deepEqual((await forwarded({ headers, config })).fields, headers)
    const authorization = { Authorization: `Basic ${pair('id')}` }
    assert.deepEqual((await forwarded({ headers: authorization, config })).fields, authorization)
    assert.equal((await forwarded({ url: '/?x-api-key=id', config })).path, '/?x-api-key=id')
  })

  test('keeps headers of ones own when asked to, and gets the usual ones from nobody', async () => {
    const config = {
      wipe_backend_request: false,
      extractors: { custom_headers: { client_id_header_name: 'A', client_secret_header_name: 'B' } },
    }
    const headers = { A: 'id', B: 'secret', 'Otoroshi-Client-Secret': 'x' }
    assert.deepEqual((await forwarded({ headers, config })).fields, { A: 'id', B: 'secret' })
  })
})
