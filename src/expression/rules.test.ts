/** Every rule of the language, by its number in the reference (3). */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import { X509Certificate } from 'node:crypto'
import { compileExpression, EmptyContext } from './index.ts'
import { Full, request, settings } from './testing/contexts.ts'

/** Rule, expression, what it gives where everything is there, and where nothing is. */
type Row = readonly [rule: number, text: string, given: string, absent: string]

const BAD = 'bad-expr'
const AGE = String(new Date().getFullYear())

const rows: readonly Row[] = [
  [1, '${req.headers.none || req.query.q}', '1', 'no-chain-value'],
  [1, '${req.headers.none || req.query.none :: dflt}', 'dflt', 'dflt'],
  [1, '${req.headers.none || req.query.none ::}', 'no-chain-value-d', 'no-chain-value-d'],
  // A value that begins with `no-` counts as none.
  [1, '${req.headers.x-no || req.query.q}', '1', 'no-chain-value'],
  [2, '${item.x}', 'ix', 'no-item-x'],
  [2, '${item.z:d}', 'no-item-z:d', 'no-item-z:d'],
  [3, '${params.y}', 'py', 'no-params-y'],
  [5, "${date.format('yyyy')}", AGE, AGE],
  [7, '${date(2020-01-02T03:04:05.006Z).epoch_ms}', '1577934245006', '1577934245006'],
  [7, '${date(2020-01-02T03:04:05Z).plus_ms(1000).epoch_sec}', '1577934246', '1577934246'],
  [7, '${date(2020-01-02T03:04:05Z).minus_ms(5000).epoch_sec}', '1577934240', '1577934240'],
  [7, "${date(2020-06-02T12:00:00Z).plus_ms(0).format('yyyy')}", '2020', '2020'],
  [7, "${date(2020-06-02T12:00:00Z).format('MMM')}", 'Jun', 'Jun'],
  [7, 'x ${date(2020-01-02)}', 'x ${date(2020-01-02)}', 'x ${date(2020-01-02)}'],
  [7, '${date(never).epoch_ms}', '${date(never).epoch_ms}', '${date(never).epoch_ms}'],
  [8, "${date_el(date.format('yyyy-MM-dd')).format('yyyy')}", AGE, AGE],
  [8, '${date_el(item.z).epoch_ms}', '${date_el(item.z).epoch_ms}', '${date_el(item.z).epoch_ms}'],
  [9, "${now.format('yyyy')}", AGE, AGE],
  [9, "${now.plus_ms(0).format('yyyy')}", AGE, AGE],
  [10, '${service.domain}', '--.--', BAD],
  [11, '${service.subdomain} ${service.tld}', '-- --', `${BAD} ${BAD}`],
  [11, '${service.env} ${service.id} ${service.name}', 'prod route_1 My route', `${BAD} ${BAD} ${BAD}`],
  [12, "${service.groups['1']} ${service.groups['9':'dv']}", 'g1 dv', `${BAD} ${BAD}`],
  [12, "x ${service.groups['9']}", "x ${service.groups['9']}", `x ${BAD}`],
  [13, '${service.metadata.team} ${service.metadata.z:dv}', 'red dv', `${BAD} ${BAD}`],
  [13, '${service.metadata.z}', 'no-meta-z', BAD],
  [14, "${route.domains['0']} ${route.domains['3':'none']}", 'api.oto.tools/a none', `${BAD} ${BAD}`],
  [14, "x ${route.domains['3']} y", "x ${route.domains['3']} y", `x ${BAD} y`],
  [
    15,
    '${route.id} ${route.name} ${route.json}',
    'route_1 My route {"id":"route_1"}',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [15, '${route.json.pretty}', '{\n  "id": "route_1"\n}', BAD],
  [
    16,
    '${route.metadata.team} ${route.metadata.z} ${route.metadata.z:d}',
    'red no-meta-z d',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [16, '${route.metadata.__proto__}', 'no-meta-__proto__', BAD],
  [17, '${req.fullUrl}', 'https://api.oto.tools:8443/a/b?q=1&q=2&e=', BAD],
  [18, '${req.listener}', 'standard-listener', BAD],
  [19, '${req.id}', '77', BAD],
  [20, '${req.path} ${req.uri} ${req.method}', '/a/b /a/b?q=1&q=2&e= GET', `${BAD} ${BAD} ${BAD}`],
  [20, '${req.host} ${req.domain}', 'api.oto.tools:8443 api.oto.tools', `${BAD} ${BAD}`],
  [20, '${req.protocol} ${req.secured} ${req.version}', 'https true HTTP/1.1', `${BAD} ${BAD} ${BAD}`],
  [20, '${req.ip} ${req.ip_address}', '1.2.3.4 1.2.3.4', `${BAD} ${BAD}`],
  [
    21,
    '${req.headers.X-Id} ${req.headers.No} ${req.headers.No:d}',
    'h1 no-header-No d',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [21, '${req.headers.No:a:b}', 'b', BAD],
  [
    22,
    '${req.query.q} ${req.query.z} ${req.query.z:d} ${req.query.e:d}',
    '1 no-query-z d ',
    `${BAD} ${BAD} ${BAD} ${BAD}`,
  ],
  [23, '${req.cookies.c} ${req.cookies.z} ${req.cookies.z:d}', 'cv no-query-z d', `${BAD} ${BAD} ${BAD}`],
  [
    24,
    '${req.pathparams.id} ${req.pathparams.z} ${req.pathparams.z:d}',
    '42 no-path-param-z d',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [24, '${req.pathparams.constructor}', 'no-path-param-constructor', BAD],
  [25, '${apikey.name} ${apikey.id} ${apikey.clientId}', 'cname cid cid', `${BAD} ${BAD} ${BAD}`],
  [
    25,
    '${apikey.json}',
    '{"clientId":"cid","clientName":"cname","metadata":{"plan":"gold"},"tags":["t0"]}',
    BAD,
  ],
  [
    26,
    '${apikey.metadata.plan} ${apikey.metadata.z} ${apikey.metadata.z:d}',
    'gold no-meta-z d',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [27, "${apikey.tags['0']} ${apikey.tags['9':'x']}", 't0 x', `${BAD} ${BAD}`],
  [
    28,
    "${token.sub.replace('-','_')} ${token.sub.replace('-', '+')}",
    'alice_smith alice+smith',
    'no-token-sub no-token-sub',
  ],
  [28, "${token.sub.replaceAll('[a-z]+', '<$0>')}", '<alice>-<smith>', 'no-token-sub'],
  [
    28,
    "k ${token.sub.replaceAll('(?=a)','')}",
    "k ${token.sub.replaceAll('(?=a)','')}",
    "k ${token.sub.replaceAll('(?=a)','')}",
  ],
  [28, "${token.long.replaceAll('a','b')}", "${token.long.replaceAll('a','b')}", 'no-token-long'],
  [29, '${token.sub} ${token.z} ${token.z:d}', 'alice-smith no-token-z d', 'no-token-sub no-token-z d'],
  [
    29,
    '${token.z|token.sub} ${token.z|token.y} ${token.z|token.y:d}',
    'alice-smith no-token-z-y d',
    'no-token-z-sub no-token-z-y d',
  ],
  [
    30,
    '${in_jwt.iss} ${in_jwt.deep.k.0} ${in_jwt.z} ${in_jwt.z:d}',
    'me true no-jwt-z d',
    `${BAD} ${BAD} ${BAD} ${BAD}`,
  ],
  [31, '${out_jwt.iss} ${out_jwt.z} ${out_jwt.z:d}', 'you no-jwt-z d', `${BAD} ${BAD} ${BAD}`],
  [32, '${in_raw_jwt} ${out_raw_jwt}', 'a.b.c d.e.f', `${BAD} ${BAD}`],
  [33, '${apikeyjwt.a.b.1} ${apikeyjwt.$.a.b[0]} ${apikeyjwt./a/b}', '2 1 [1,2]', `${BAD} ${BAD} ${BAD}`],
  [
    33,
    '${apikeyjwt.$.a.b[?(@ > 1)]} ${apikeyjwt.n} ${apikeyjwt.z}',
    '[2] null no-path-at-z',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [34, '${env.HOME} ${env.NO} ${env.NO:d}', '/root no-env-var-NO d', `${BAD} ${BAD} ${BAD}`],
  [35, '${config.app.domain} ${config.z} ${config.z:d}', 'oto.tools no-config-z d', `${BAD} ${BAD} ${BAD}`],
  [
    36,
    "${ctx.sub.replace('-','_')} ${ctx.z.replace('a','b')}",
    'alice_smith no-ctx-z',
    'no-ctx-sub no-ctx-z',
  ],
  [36, "${ctx.sub.replaceAll('(l)(i)','$2$1')}", 'ailce-smith', 'no-ctx-sub'],
  [
    37,
    '${ctx.z|ctx.requestId} ${ctx.z|ctx.y} ${ctx.z|ctx.y:d} ${ctx.z:d}',
    '77 no-ctx-z-y d d',
    'no-ctx-z-requestId no-ctx-z-y d d',
  ],
  [
    38,
    '${ctx.useragent.browser} ${ctx.useragent.ok} ${ctx.useragent.z}',
    'Firefox true no-ctx-z',
    'no-ctx-useragent.browser no-ctx-useragent.ok no-ctx-useragent.z',
  ],
  [
    39,
    '${ctx.geolocation.country} ${ctx.geolocation.lat} ${ctx.geolocation.z}',
    'FR 46.3 no-ctx-z',
    'no-ctx-geolocation.country no-ctx-geolocation.lat no-ctx-geolocation.z',
  ],
  [40, '${ctx.requestId} ${ctx.z}', '77 no-ctx-z', 'no-ctx-requestId no-ctx-z'],
  [41, '${vault://local/db} ${vault://local/x}', `hunter2 ${BAD}`, `${BAD} ${BAD}`],
  [42, '${global_config.metadata.m} ${global_config.metadata.z}', 'mv no-metadata-z', `${BAD} ${BAD}`],
  [43, '${global_config.env.a.b.0} ${global_config.env.z}', '7 no-global-env-at-z', `${BAD} ${BAD}`],
  [44, '${user.name} ${user.email} ${user.json}', 'Ann ann@x.y {"email":"ann@x.y"}', `${BAD} ${BAD} ${BAD}`],
  [44, '${user.json.pretty}', '{\n  "email": "ann@x.y"\n}', BAD],
  [
    45,
    '${user.tokens.id_token} ${user.tokens.access_token} ${user.tokens.refresh_token}',
    'idt act rft',
    `${BAD} ${BAD} ${BAD}`,
  ],
  // Not a text.
  [45, '${user.tokens.token_type} ${user.tokens.expires_in}', 'Bearer no-expires_in', `${BAD} ${BAD}`],
  [46, '${user.tokens.x:d} ${user.tokens.x}', 'd no-x', `${BAD} ${BAD}`],
  [
    47,
    '${user.metadata.a.b} ${user.metadata.q:d} ${user.metadata.q}',
    '1 d no-meta-q',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [48, '${user.profile.roles.1:d} ${user.profile.z:d}', 'r1 d', `${BAD} ${BAD}`],
  [50, '${plan.id} ${plan.name} ${api.id} ${api.name}', 'p1 Plan a1 Api', `${BAD} ${BAD} ${BAD} ${BAD}`],
  [
    51,
    '${user.profile.roles.1} ${user.profile.z} ${user.profile.nothing}',
    'r1 no-meta-z null',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [52, '${consumer.id} ${consumer.name}', 'ann@x.y Ann', `${BAD} ${BAD}`],
  [53, '${consumer.long_id}', 'realm-ann@x.y', BAD],
  [54, '${consumer.kind}', 'user', 'public'],
  [
    55,
    '${consumer.json}',
    '{"kind":"apikey","consumer":{"clientId":"cid","clientName":"cname","metadata":{"plan":"gold"},"tags":["t0"]}}',
    '{"kind":"public","consumer":null}',
  ],
  [
    56,
    '${consumer.metadata.a.b} ${consumer.metadata.q:d} ${consumer.metadata.q}',
    '1 d no-meta-q',
    `${BAD} ${BAD} ${BAD}`,
  ],
  [57, '${nbf} ${iat} ${exp}', '{nbf} {iat} {exp}', '{nbf} {iat} {exp}'],
  [58, '${req.client_cert.dn}', BAD, BAD],
  [
    59,
    '${unheard.of} ${} ${REQ.path} ${date.plus_ms(1)}',
    `${BAD} ${BAD} ${BAD} ${BAD}`,
    `${BAD} ${BAD} ${BAD} ${BAD}`,
  ],
]

describe('the rules', () => {
  const full = new Full()
  const nothing = new EmptyContext()
  for (const [rule, text, given, absent] of rows)
    it(`${rule}: ${text}`, () => {
      assert.equal(compileExpression(text, settings)(full), given)
      assert.equal(compileExpression(text)(nothing), absent)
    })

  it('4, 6, 9: the time of now', () => {
    const context = new EmptyContext()
    const numberOf = (text: string): number => Number(compileExpression(text)(context))
    const before = Date.now()
    const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/
    for (const text of ['${date}', '${now}', '${now.plus_ms(5)}', '${now.minus_ms(5)}'])
      assert.match(compileExpression(text)(context), iso, text)
    const seconds = Math.floor(before / 1000)
    for (const [text, shift] of [
      ['${date.epoch_ms}', 0],
      ['${now.epoch_ms}', 0],
      ['${now.plus_ms(5000).epoch_ms}', 5000],
      ['${now.minus_ms(5000).epoch_ms}', -5000],
    ] as const) {
      const value = numberOf(text)
      assert.ok(value >= before + shift && value <= Date.now() + shift, text)
    }
    for (const text of ['${date.epoch_sec}', '${now.epoch_sec}'])
      assert.ok(numberOf(text) >= seconds && numberOf(text) <= Date.now() / 1000, text)
  })

  it('49: something random', () => {
    const rand = compileExpression('${rand}')
    const context = new EmptyContext()
    assert.match(rand(context), /^[A-Za-z0-9]{64}$/)
    assert.notEqual(rand(context), rand(context))
  })

  it('58: the certificate of the client', () => {
    const der = clientCertificate()
    class Certified extends Full {
      override get request() {
        return { ...request, connection: { listener: 'l', tls: { clientChain: () => [der] } } } as never
      }
    }
    const text = ['dn', 'id', 'domain', 'cn', 'issuer_dn']
      .map(name => `\${req.client_cert.${name}}`)
      .join('|')
    const serial = new X509Certificate(der).serialNumber.toLowerCase().replace(/^0+/, '')
    assert.equal(
      compileExpression(text)(new Certified()),
      `O=Oto, CN=leaf, C=FR|${serial}|leaf.oto.tools|leaf|O=Oto, CN=leaf, C=FR`,
    )
  })

  it('are all here', () => {
    const tested = new Set([...rows.map(([rule]) => rule), 4, 6, 9, 49, 58])
    for (let rule = 1; rule <= 59; rule++) assert.ok(tested.has(rule), `rule ${rule}`)
  })
})

function clientCertificate(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'expression-'))
  try {
    const subject = ['-subj', '/C=FR/O=Oto/CN=leaf', '-addext', 'subjectAltName=DNS:leaf.oto.tools']
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert'), '-outform', 'DER']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        ...subject,
        ...files,
      ],
      {
        stdio: 'ignore',
      },
    )
    return readFileSync(join(folder, 'cert'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('values that a client sends are inserted as they are', () => {
  assert.equal(compileExpression('<${req.headers.x-evil}>', settings)(new Full()), '<${env.SECRET}>')
})
