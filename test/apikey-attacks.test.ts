/** What somebody tries who has no key, an old one, or one for something else. Named as in docs/security.md. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
const plugin = (name: string, config: object = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })

let gateway: TestGateway
let backend: Backend

async function put(id: string, more: object = {}): Promise<void> {
  const key = {
    clientId: id,
    clientSecret: `${id}-secret`,
    clientName: id,
    authorizedEntities: ['route_mine'],
    ...more,
  }
  const answer = await gateway.admin('POST', `${KEYS}/${id}`, key)
  assert.ok(answer.status === 200 || answer.status === 201, answer.text)
}

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  const route = (id: string, ...plugins: object[]) =>
    gateway.route({
      id,
      name: id,
      groups: [`group-of-${id}`],
      frontend: { domains: [`${id}.test`] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins,
    })
  await route('mine', plugin('ApikeyCalls'))
  await route('yours', plugin('ApikeyCalls'))
  await route('login', plugin('ApikeyAuthModule'))
  await route('tokens', plugin('NgClientCredentialTokenEndpoint'))
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

const basic = (id: string, secret: string) => ({
  Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const bearer = (id: string, secret: string) => {
  const head = `otoapk_${id}`
  return { Authorization: `Bearer ${head}_${createHmac('sha256', secret).update(head).digest('hex')}` }
}
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: object, secret: string, alg = 'HS256') => {
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`
  return {
    Authorization: `Bearer ${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`,
  }
}
const got = (headers: Record<string, string>, route = 'mine', path = '/'): Promise<Got> =>
  call(gateway.port, `http://${route}.test${path}`, { headers })
const outcome = ({ status, headers }: Got): string =>
  status === 200 ? '200' : `${status} ${headers['otoroshi-error-reason']}`

/** The same request many times over, on connections of both threads: every outcome there was. */
async function outcomes(headers: Record<string, string>, route = 'mine'): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: 24 }, () => got(headers, route).then(outcome)))
  return [...new Set(all)]
}

/** Every way to show the key `id`. */
const forms = (id: string) => [
  basic(id, `${id}-secret`),
  { 'Otoroshi-Client-Id': id, 'Otoroshi-Client-Secret': `${id}-secret` },
  bearer(id, `${id}-secret`),
  token({ clientId: id }, `${id}-secret`),
  { 'x-api-key': id },
]

describe('API keys under attack', () => {
  it('a disabled key is refused by its id alone, and in every other form', async () => {
    await put('off', { enabled: false, allowClientIdOnly: true })
    for (const headers of forms('off')) assert.equal(outcome(await got(headers)), '401 apikey.bad')
  })

  it('an expired key is refused in every form', async () => {
    await put('old', { validUntil: Date.now() - 1, allowClientIdOnly: true })
    for (const headers of forms('old')) assert.equal(outcome(await got(headers)), '401 apikey.bad')
  })

  it('a key of another route is unknown here, in every form and with every plugin', async () => {
    await put('elsewhere', { authorizedEntities: ['route_yours'], allowClientIdOnly: true })
    for (const headers of forms('elsewhere')) {
      assert.equal(outcome(await got(headers)), '400 apikey.unknown')
      assert.equal(outcome(await got(headers, 'yours')), '200')
    }
    assert.equal(
      outcome(await got(basic('elsewhere', 'elsewhere-secret'), 'login')),
      '401 apikey.login_needed',
    )
  })

  it('a key of the admin API opens no other route, and another key not the admin API', async () => {
    const admin = basic('admin-api-apikey-id', 'admin-api-apikey-secret')
    assert.equal(outcome(await got(admin)), '400 apikey.unknown')
    await put('mine-only')
    const api = await call(gateway.port, 'http://otoroshi-api.oto.tools/api/apikeys', {
      headers: basic('mine-only', 'mine-only-secret'),
    })
    assert.equal(outcome(api), '400 apikey.unknown')
  })

  it('the id of a key is not its secret, unless the key says so', async () => {
    await put('closed')
    assert.equal(outcome(await got({ 'x-api-key': 'closed' })), '401 apikey.bad')
    for (const secret of [
      '',
      'closed',
      'closed-secre',
      'closed-secret ',
      'CLOSED-SECRET',
      'undefined',
      'null',
    ])
      assert.equal(outcome(await got(basic('closed', secret))), '401 apikey.bad', secret)
  })

  it('a token is refused that is not signed for the key', async () => {
    await put('signed')
    for (const headers of [
      token({ clientId: 'signed' }, 'wrong'),
      token({ clientId: 'signed' }, ''),
      token({ clientId: 'signed' }, 'signed-secret', 'HS999'),
      token({ clientId: 'signed', exp: 1 }, 'signed-secret'),
      { Authorization: `Bearer ${part({ alg: 'none' })}.${part({ clientId: 'signed' })}.AA` },
    ])
      assert.match(outcome(await got(headers)), /^40[01] apikey\.(bad|missing)$/)
    assert.equal(outcome(await got(token({ clientId: 'signed' }, 'signed-secret'))), '200')
  })

  it('credentials do not reach the backend, wherever they stand', async () => {
    await put('wiped', { allowClientIdOnly: true })
    // In clear, and as the beginning or inside of what is written in base64.
    const secret = /wiped|d2lwZWQ|IndpcGVkI/
    for (const headers of forms('wiped')) {
      const { status, body } = await got(headers)
      assert.equal(status, 200)
      assert.doesNotMatch(body, secret)
    }
    const pair = Buffer.from('wiped:wiped-secret').toString('base64')
    const everywhere = await got(
      {
        ...basic('wiped', 'wiped-secret'),
        'Otoroshi-Authorization': pair,
        Cookie: `basic_auth=${pair}; x-api-key=wiped; a=b`,
      },
      'mine',
      `/p?basic_auth=${encodeURIComponent(pair)}&x-api-key=wiped&c=d`,
    )
    assert.equal(everywhere.status, 200)
    assert.doesNotMatch(everywhere.body, secret)
    assert.equal(everywhere.json.url, '/p?c=d')
    assert.equal(everywhere.json.headers.cookie, 'a=b')
    // Of names that are there twice the gateway reads one, and the backend perhaps the other.
    const twice = await got(
      {
        'Otoroshi-Client-Id': 'wiped',
        'Otoroshi-Client-Secret': 'wiped-secret',
        Cookie: `basic_auth=x; basic_auth=${pair}`,
      },
      'mine',
      `/p?basic_auth=${encodeURIComponent(pair)}&basic_auth=x&c=d`,
    )
    assert.equal(twice.status, 200)
    assert.doesNotMatch(twice.body, secret)
  })

  it('a deleted key is refused on its next request, on every thread', async () => {
    for (let round = 0; round < 5; round++) {
      await put('gone')
      assert.deepEqual(await outcomes(basic('gone', 'gone-secret')), ['200'])
      assert.equal((await gateway.admin('DELETE', `${KEYS}/gone`)).status, 200)
      assert.deepEqual(await outcomes(basic('gone', 'gone-secret')), ['400 apikey.unknown'])
    }
  })

  it('a token that was given out dies with its key', async () => {
    await put('issued', { authorizedEntities: ['route_mine'] })
    const given = await call(gateway.port, 'http://tokens.test/', {
      method: 'POST',
      headers: { ...basic('issued', 'issued-secret'), 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    })
    const headers = { Authorization: `Bearer ${given.json.access_token}` }
    assert.deepEqual(await outcomes(headers), ['200'])
    assert.deepEqual(
      await outcomes(headers, 'yours'),
      ['400 apikey.unknown'],
      'it opens the routes of the key',
    )
    await put('issued', { enabled: false })
    assert.deepEqual(await outcomes(headers), ['401 apikey.bad'])
    await gateway.admin('DELETE', `${KEYS}/issued`)
    assert.deepEqual(await outcomes(headers), ['400 apikey.unknown'])
  })

  it('names that every object has are no keys', async () => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      assert.equal(outcome(await got(basic(id, 'x'))), '400 apikey.unknown', id)
  })

  it('credentials out of measure cost nothing and open nothing', async () => {
    for (const headers of [
      { 'x-api-key': 'x'.repeat(7_000) },
      { Authorization: `Bearer ${'.'.repeat(7_000)}` },
      { Authorization: `Basic ${'A'.repeat(7_000)}` },
    ])
      assert.match(outcome(await got(headers)), /^400 apikey\.(missing|unknown)$/)
  })

  it('answers and logs tell no secret', async () => {
    await put('quiet')
    const wrong = await got(basic('quiet', 'guessed-secret'))
    assert.doesNotMatch(JSON.stringify([wrong.body, wrong.rawHeaders]), /guessed|quiet-secret/)
    assert.doesNotMatch(gateway.output, /quiet-secret|guessed-secret/)
  })
})
