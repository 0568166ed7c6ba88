import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileExpression, EmptyContext, type ExpressionSettings, isConstant } from './index.ts'

const request = {
  method: 'GET',
  target: '/a/b?q=1&q=2&e=',
  path: '/a/b',
  host: 'api.oto.tools:8443',
  domain: 'api.oto.tools',
  protocol: 'https',
  ip: '1.2.3.4',
  version: 11,
  headers: new Map([
    ['x-id', 'h1'],
    ['x-evil', '${env.SECRET}'],
  ]),
  query: new URLSearchParams('q=1&q=2&e='),
  cookies: new Map([['c', 'cv']]),
  pathParams: { id: '42' },
  connection: { listener: '', tls: null },
}
const route = {
  id: 'route_1',
  name: 'My route',
  groups: ['g0', 'g1'],
  domains: ['api.oto.tools/a'],
  metadata: { team: 'red' },
  json: { id: 'route_1' },
}
const apikey = { clientId: 'cid', clientName: 'cname', metadata: { plan: 'gold' }, tags: ['t0'], secret: 's' }
const user = {
  name: 'Ann',
  email: 'ann@x.y',
  realm: 'realm',
  json: { email: 'ann@x.y' },
  tokens: { id_token: 'idt', expires_in: 12 },
  metadata: { a: { b: 1 } },
  profile: { roles: ['r0', 'r1'], nothing: null },
}
const values: Record<string, string> = {
  sub: 'alice-smith',
  'item.x': 'ix',
  'params.y': 'py',
  requestId: '77',
  long: 'a'.repeat(5000),
}

class Full extends EmptyContext {
  override get requestId() {
    return '77'
  }
  override get request() {
    return request
  }
  override get route() {
    return route
  }
  override get apikey(): typeof apikey | null {
    return apikey
  }
  override get user(): typeof user | null {
    return user
  }
  override value(key: string) {
    return values[key]
  }
  override get inputToken() {
    return { raw: 'a.b.c', claims: { iss: 'me', deep: { k: [true] } } }
  }
  override get apikeyClaims(): unknown {
    return { a: { b: [1, 2] }, 'k.x': 1, n: null }
  }
  override get userAgent(): unknown {
    return { browser: 'Firefox', ok: true }
  }
}
class KeyOnly extends Full {
  override get user() {
    return null
  }
}

const settings: ExpressionSettings = {
  env: name => ({ HOME: '/root', SECRET: 'env-secret' })[name],
  config: path => ({ 'app.domain': 'oto.tools' })[path],
  secret: uri => (uri === 'vault://local/db' ? 'hunter2' : undefined),
  globalConfig: () => ({ metadata: { m: 'mv' }, env: { a: { b: [7] } } }),
}

const table: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['${req.path}', '/a/b'],
  ['-${req.uri}-', '-/a/b?q=1&q=2&e=-'],
  ['${req.fullUrl}', 'https://api.oto.tools:8443/a/b?q=1&q=2&e='],
  ['${req.host} ${req.domain} ${req.method}', 'api.oto.tools:8443 api.oto.tools GET'],
  ['${req.protocol} ${req.ip} ${req.ip_address} ${req.secured}', 'https 1.2.3.4 1.2.3.4 true'],
  ['${req.version} ${req.listener} ${req.id}', 'HTTP/1.1 standard-listener 77'],
  ['${req.headers.X-Id}|${req.headers.No}|${req.headers.No:d}', 'h1|no-header-No|d'],
  ['${req.headers.No:a:b}', 'b'],
  ['${req.query.q} ${req.query.z} ${req.query.z:d} ${req.query.e:d}', '1 no-query-z d '],
  ['${req.cookies.c} ${req.cookies.z} ${req.cookies.z:d}', 'cv no-query-z d'],
  ['${req.pathparams.id} ${req.pathparams.z} ${req.pathparams.z:d}', '42 no-path-param-z d'],
  ['${req.pathparams.constructor}', 'no-path-param-constructor'],
  ['${req.client_cert.dn}', 'bad-expr'],
  ['${route.id} ${route.name} ${route.json}', 'route_1 My route {"id":"route_1"}'],
  ["${route.domains['0']} ${route.domains['3':'none']}", 'api.oto.tools/a none'],
  ["x ${route.domains['3']} y", "x ${route.domains['3']} y"],
  ['${route.metadata.team} ${route.metadata.z} ${route.metadata.z:d}', 'red no-meta-z d'],
  ['${route.metadata.__proto__}', 'no-meta-__proto__'],
  ["${service.groups['1']} ${service.env} ${service.tld}", 'g1 prod --'],
  ['${apikey.name} ${apikey.id} ${apikey.metadata.plan}', 'cname cid gold'],
  ["${apikey.tags['0']} ${apikey.tags['9':'x']}", 't0 x'],
  ['${apikey.json}', '{"clientId":"cid","clientName":"cname","metadata":{"plan":"gold"},"tags":["t0"]}'],
  ['${user.name} ${user.email} ${user.metadata.a.b} ${user.metadata.q:d}', 'Ann ann@x.y 1 d'],
  [
    '${user.profile.roles.1} ${user.profile.z} ${user.profile.z:d} ${user.profile.nothing}',
    'r1 no-meta-z d null',
  ],
  ['${user.tokens.id_token} ${user.tokens.expires_in} ${user.tokens.x:d}', 'idt no-expires_in d'],
  ['${consumer.id} ${consumer.name} ${consumer.long_id} ${consumer.kind}', 'ann@x.y Ann realm-ann@x.y user'],
  ['${consumer.metadata.a.b}', '1'],
  ['${token.sub} ${token.z} ${token.z:d} ${token.z|token.sub}', 'alice-smith no-token-z d alice-smith'],
  ['${token.z|token.y} ${token.z|token.y:d}', 'no-token-z-y d'],
  ["${token.sub.replace('-','_')} ${token.sub.replaceAll('[a-z]+', '<$0>')}", 'alice_smith <alice>-<smith>'],
  ["${token.z.replace('a','b')}", 'no-token-z'],
  ["k ${token.sub.replaceAll('(?=a)','')}", "k ${token.sub.replaceAll('(?=a)','')}"],
  ["${token.long.replaceAll('a','b')}", "${token.long.replaceAll('a','b')}"],
  ['${ctx.requestId} ${ctx.z} ${ctx.z:d} ${ctx.z|ctx.requestId}', '77 no-ctx-z d 77'],
  ['${ctx.useragent.browser} ${ctx.useragent.ok} ${ctx.useragent.z}', 'Firefox true no-ctx-z'],
  ['${ctx.geolocation.country}', 'no-ctx-geolocation.country'],
  ['${in_jwt.iss} ${in_jwt.deep.k.0} ${in_jwt.z} ${in_jwt.z:d}', 'me true no-jwt-z d'],
  ['${in_raw_jwt} ${out_raw_jwt} ${out_jwt.iss}', 'a.b.c bad-expr bad-expr'],
  [
    '${apikeyjwt.a.b.1} ${apikeyjwt.$.a.b[0]} ${apikeyjwt./a/b} ${apikeyjwt.n} ${apikeyjwt.z}',
    '2 1 [1,2] null no-path-at-z',
  ],
  ['${item.x} ${item.z} ${params.y} ${params.z}', 'ix no-item-z py no-params-z'],
  ['${env.HOME} ${env.NO} ${env.NO:d}', '/root no-env-var-NO d'],
  ['${config.app.domain} ${config.z} ${config.z:d}', 'oto.tools no-config-z d'],
  ['${vault://local/db} ${vault://local/x}', 'hunter2 bad-expr'],
  ['${global_config.metadata.m} ${global_config.metadata.z}', 'mv no-metadata-z'],
  ['${global_config.env.a.b.0} ${global_config.env.z}', '7 no-global-env-at-z'],
  ['${req.headers.none || req.query.q}', '1'],
  ['${req.headers.none || req.query.none :: dflt}', 'dflt'],
  ['${req.headers.none || req.query.none}', 'no-chain-value'],
  ['${req.headers.none || req.query.none ::}', 'no-chain-value-d'],
  ['${nbf} ${iat} ${exp}', '{nbf} {iat} {exp}'],
  ['${unheard.of} ${}', 'bad-expr bad-expr'],
  ['${plan.id} ${api.name}', 'bad-expr bad-expr'],
  ['${date(2020-01-02T03:04:05.006Z).epoch_ms}', '1577934245006'],
  ['${date(2020-01-02T03:04:05Z).plus_ms(1000).epoch_sec}', '1577934246'],
  ['${date_el(item.z).epoch_ms}', '${date_el(item.z).epoch_ms}'],
  ['${date(2020-01-02)}', '${date(2020-01-02)}'],
  ['${date(never).epoch_ms}', '${date(never).epoch_ms}'],
  [
    "${date_el(date.format('yyyy-MM-dd')).format('yy')}",
    String(new Date().getFullYear() % 100).padStart(2, '0'),
  ],
  ['${req.headers.x-evil}', '${env.SECRET}'],
  ['${REQ.path}', 'bad-expr'],
  ['a ${ unclosed', 'a ${ unclosed'],
]

test('every form gives what the reference says', () => {
  const context = new Full()
  for (const [text, expected] of table)
    assert.equal(compileExpression(text, settings)(context), expected, text)
})

test('an absent object reads as bad-expr, and nothing outside is reachable unless it is given', () => {
  const context = new EmptyContext()
  for (const name of [
    'req.path',
    'req.headers.x:d',
    'route.id',
    "route.domains['0':'d']",
    'apikey.id',
    'apikey.metadata.a:d',
    'user.name',
    'user.profile.x:d',
    'in_jwt.x:d',
    'consumer.id',
    'env.HOME',
    'env.HOME:d',
    'config.a:d',
    'vault://a/b',
    'global_config.metadata.a',
    'apikeyjwt.a',
    'req.id',
  ])
    assert.equal(compileExpression(`\${${name}}`)(context), 'bad-expr', name)
  assert.equal(
    compileExpression('${consumer.kind}${consumer.json}')(context),
    'public{"kind":"public","consumer":null}',
  )
})

test('a key without a user is the consumer', () => {
  const text = '${consumer.id} ${consumer.long_id} ${consumer.kind} ${consumer.metadata.plan}'
  assert.equal(compileExpression(text)(new KeyOnly()), 'cid cid apikey gold')
})

test('the time of now', () => {
  const context = new EmptyContext()
  const before = Date.now()
  const shifted = Number(compileExpression('${now.plus_ms(5000).epoch_ms}')(context))
  assert.ok(shifted >= before + 5000 && shifted <= Date.now() + 5000)
  assert.match(
    compileExpression('${date}')(context),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/,
  )
  assert.match(compileExpression('${rand}')(context), /^[A-Za-z0-9]{64}$/)
})

test('what is added is bounded', () => {
  const compiled = compileExpression('${token.long} ${token.long} ${req.path}', { maxLength: 6000 })
  assert.equal(compiled(new Full()), `${values['long']} bad-expr /a/b`)
  const nested = `\${${'date_el('.repeat(50)}now${').epoch_ms'.repeat(50)}}`
  assert.equal(typeof compileExpression(nested)(new Full()), 'string')
})

test('a context that fails leaves the text as it is', () => {
  class Failing extends EmptyContext {
    override get request(): never {
      throw new Error('broken')
    }
  }
  assert.equal(compileExpression('x ${req.path}')(new Failing()), 'x ${req.path}')
})

test('constant texts are known before anything is compiled', () => {
  assert.ok(isConstant(''))
  assert.ok(isConstant('$ { } ${'))
  assert.ok(!isConstant('a ${b} c'))
})

test('never throws, and inserted values are never evaluated', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      '${',
      '}',
      '||',
      '::',
      ':',
      "['",
      "']",
      '.',
      'req.',
      'headers.',
      'token.',
      'date',
      '(',
      ')',
      'format',
      'ctx.sub',
      'replaceAll',
      "('",
      "','",
      "')",
    ),
    fc.constantFrom(...table.map(([text]) => text)),
  )
  const texts = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(''))
  const context = new Full()
  fc.assert(
    fc.property(texts, text => {
      const result = compileExpression(text, settings)(context)
      assert.equal(typeof result, 'string')
      if (isConstant(text)) assert.equal(result, text)
      if (!text.includes('SECRET')) assert.ok(!result.includes('env-secret'))
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.string(), value => {
      class Holding extends EmptyContext {
        override value() {
          return value
        }
      }
      assert.equal(compileExpression('<${ctx.v}>', settings)(new Holding()), `<${value}>`)
    }),
  )
})
