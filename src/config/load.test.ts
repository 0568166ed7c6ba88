import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { describeSettings, type LoadedSettings, loadSettings, SettingsError } from './index.ts'

interface Given {
  readonly argv?: string[]
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
}

function load({ argv = [], env = {}, files = {} }: Given): LoadedSettings {
  const readFile = (path: string): string => {
    const text = Object.hasOwn(files, path) ? files[path] : undefined
    if (text === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' })
    return text
  }
  return loadSettings({ argv, env, readFile })
}

const config = (text: string, name = 'gateway.conf'): Given => ({
  argv: ['--config', name],
  files: { [name]: text },
})

function faults(given: Given): readonly string[] {
  try {
    load(given)
  } catch (error) {
    assert.ok(error instanceof SettingsError, `${error}`)
    return error.faults
  }
  return assert.fail('accepted')
}

/** Warnings but those about secrets. */
const warnings = (given: Given): string[] => load(given).warnings.filter(w => !w.startsWith('INSECURE: '))

test('flags win over variables, variables over the file, the file over defaults', () => {
  const file = { files: { f: 'http.port = 1' } }
  assert.equal(load({}).settings.http.port, 8080)
  assert.equal(load({ ...file, argv: ['--config=f'] }).settings.http.port, 1)
  const env = { OTOROSHI_CONFIG_FILE: 'f', PORT: '2' }
  assert.equal(load({ ...file, env }).settings.http.port, 2)
  assert.equal(load({ ...file, env, argv: ['--http-port', '3'] }).settings.http.port, 3)
  assert.equal(
    load({ argv: ['--http-port=3', '-Dhttp.port=4', '--set', 'http.port=5'] }).settings.http.port,
    5,
  )
  assert.equal(
    load({ files: { f: 'http.port = 1', g: 'http.port = 6' }, env, argv: ['-Dconfig.file=g'] }).settings.http
      .port,
    2,
  )
})

test('the last variable of a setting wins, empty ones count as absent', () => {
  const env = { OTOROSHI_HTTP_PORT: '3', PORT: '1', OTOROSHI_PORT: '2' }
  assert.equal(load({ env }).settings.http.port, 3)
  assert.equal(load({ env: { ...env, OTOROSHI_HTTP_PORT: '' } }).settings.http.port, 2)
  const { instance } = load({ env: { INSTANCE_NUMBER: '7' } }).settings
  assert.deepEqual([instance.number, instance.seed], [7, 7])
  const secret = { ADMIN_API_CLIENT_SECRET: 'a', OTOROSHI_ADMIN_API_SECRET: 'b' }
  assert.equal(load({ env: secret }).settings.adminApi.clientSecret, 'b')
})

test('app and otoroshi are one tree, and otoroshi wins', () => {
  assert.equal(load(config('app.domain = a.b')).settings.domains.domain, 'a.b')
  assert.equal(load(config('otoroshi.domain = x.y\napp.domain = a.b')).settings.domains.domain, 'x.y')
  assert.equal(load({ argv: ['-Dotoroshi.domain=x.y', '-Dapp.domain=a.b'] }).settings.domains.domain, 'a.b')
  const both = load(config('otoroshi { domain = x.y }\napp { storage = file, domain = a.b }')).settings
  assert.deepEqual([both.domains.domain, both.storage.kind], ['x.y', 'file'])
})

test('the same file as HOCON, JSON and YAML', () => {
  const expected = { port: 9000, domain: 'a.b', hosts: ['one.x', 'two.x'], keep: 5000 }
  const texts: [string, string][] = [
    [
      'f.conf',
      'http.port = 9000\napp { domain = a.b, adminapi.exposedDomains = [one.x, two.x] }\nplay.server.http.idleTimeout = 5s',
    ],
    [
      'f.json',
      '{"http":{"port":9000},"app":{"domain":"a.b","adminapi":{"exposedDomains":["one.x","two.x"]}},"play.server.http.idleTimeout":"5s"}',
    ],
    [
      'f.yaml',
      'http:\n  port: 9000\napp:\n  domain: a.b\n  adminapi:\n    exposedDomains: [one.x, two.x]\nplay.server.http.idleTimeout: 5s\n',
    ],
  ]
  for (const [name, text] of texts) {
    const { http, domains, adminApi } = load(config(text, name)).settings
    assert.deepEqual(
      {
        port: http.port,
        domain: domains.domain,
        hosts: adminApi.exposedDomains,
        keep: http.limits.keepAliveTimeout,
      },
      expected,
      name,
    )
  }
})

test('values that a file names for itself are no settings', () => {
  const given = config(
    'base = a.b\nmy { zone { x = 1 } }\napp.domain = "x."${base}\napp.eventsName = ${my.zone.x}\nother = 1',
  )
  assert.deepEqual(faults(given), ['gateway.conf: other: unknown setting'])
  const { domains, instance } = load(config(given.files!['gateway.conf']!.replace('other = 1', ''))).settings
  assert.deepEqual([domains.domain, instance.eventsName], ['x.a.b', '1'])
})

test('numbers are read as they are written', () => {
  for (const [name, before] of [
    ['f.conf', 'otoroshi.secret = '],
    ['f.yaml', 'otoroshi.secret: '],
  ] as const)
    for (const secret of ['0123', '1e5', '9007199254740993', '12', '1.50', '0x1f', 'true'])
      assert.equal(load(config(`${before}${secret}`, name)).settings.secrets.master, secret, name)
})

test('substitutions see variables, flags and defaults', () => {
  const given = config(
    'otoroshi.adminapi.additionalExposedDomain = "admin."${app.domain}\nhttp.port = 1\nhttp.port = ${?MY_PORT}',
  )
  assert.equal(load(given).settings.adminApi.additionalDomain, 'admin.oto.tools')
  const changed = load({ ...given, env: { OTOROSHI_DOMAIN: 'a.b', MY_PORT: '8' } }).settings
  assert.deepEqual([changed.adminApi.additionalDomain, changed.http.port], ['admin.a.b', 8])
  assert.deepEqual(changed.adminHosts.exposed, ['otoroshi-api.a.b', 'admin.a.b'])
})

test('every invalid value is refused in one go', () => {
  const env = {
    OTOROSHI_PORT: 'abc',
    OTOROSHI_STORAGE: 'cassandra',
    OTOROSHI_ADMIN_API_EXPOSED: 'maybe',
    CLUSTER_MODE: 'worker',
  }
  assert.deepEqual(
    new Set(faults({ ...config('app.snowflake.seed = 1024'), env })),
    new Set([
      "OTOROSHI_PORT: expected a port number 1-65535 (0 for any free port), got 'abc'",
      "OTOROSHI_STORAGE: the storage 'cassandra' of Otoroshi is not part of this version: use one of sqlite, inmemory, file, postgresql, lettuce, redis, redis-pool, redis-mpool, redis-lf, redis-cluster, redis-sentinel, redis-sentinel-lf",
      "OTOROSHI_ADMIN_API_EXPOSED: expected true or false, got 'maybe'",
      "CLUSTER_MODE: expected off (this version runs alone, not as a leader or worker), got 'worker'",
      'gateway.conf: app.snowflake.seed: expected a whole number 0-1023, got 1024',
    ]),
  )
  const bad: [string, string][] = [
    ['http.port', '65536'],
    ['http.port', '-1'],
    ['http.port', '1e3'],
    ['http.port', '0x10'],
    ['http.port', ''],
    ['pekko.http.parsing.max-uri-length', '16 lightyears'],
    ['pekko.http.parsing.max-uri-length', 'infinite'],
    ['play.server.http.idleTimeout', 'infinite'],
    ['play.server.http.idleTimeout', '400 days'],
    ['otoroshi.domain', 'a b'],
    ['otoroshi.domain', 'a..b'],
    ['otoroshi.domain', 'x/y'],
    ['otoroshi.headers.comm.state', 'X: y'],
    ['otoroshi.headers.comm.state', 'a\r\nb'],
    ['otoroshi.dataDir', 'a\0b'],
    ['otoroshi.storage', 'sqlit'],
    ['otoroshi.storage', 'cp:'],
    ['otoroshi.storageRoot', ''],
    ['otoroshi.secret', ''],
    ['otoroshi.dataPlane.threads', '0'],
    ['otoroshi.initialData', '[1]'],
    ['otoroshi.initialData', '{'],
    ['otoroshi.loggers.a', 'loud'],
    ['otoroshi.ssl.fromOutside.clientAuth', 'Always'],
  ]
  for (const [key, value] of bad) {
    const [fault, ...more] = faults({ argv: ['--set', `${key}=${value}`] })
    assert.ok(fault !== undefined && more.length === 0)
    assert.ok(fault.startsWith(`--set ${key}: expected `), fault)
    assert.doesNotMatch(fault, /[\0\r\n]/)
  }
})

test('good values in all their spellings', () => {
  const { settings } = load({
    argv: [
      '--maintenance',
      '--set',
      'pekko.http.parsing.max-content-length=10M',
      '--set',
      'pekko.http.parsing.max-chunk-size=1 kB',
      '-Dplay.server.http.idleTimeout=2 minutes',
      '-Dplay.server.pekko.requestTimeout=infinite',
      '-Dotoroshi.drainTimeout=1.5s',
      '--storage',
      'memory',
      '-Dotoroshi.adminapi.domainsStr=a.b, c.d',
      '--http-address',
      '[::1]',
      '--refuse-default-secrets',
      'false',
    ],
    env: {
      OTOROSHI_LOGGERS_OTOROSHI_ENV: 'DEBUG',
      OTOROSHI_ADMIN_API_EXPOSED: 'FALSE',
      OTOROSHI_LOG_LEVEL: 'WARN',
      OTOROSHI_DOMAIN: 'A.B',
    },
  })
  assert.equal(settings.http.limits.maxBody, 10_485_760)
  assert.equal(settings.http.limits.maxChunk, 1000)
  assert.equal(settings.http.limits.keepAliveTimeout, 120_000)
  assert.equal(settings.http.limits.requestTimeout, 0)
  assert.equal(settings.running.drainTimeout, 1500)
  assert.equal(settings.running.maintenance, true)
  assert.equal(settings.storage.kind, 'inmemory')
  assert.equal(settings.http.host, '::1')
  assert.equal(settings.domains.domain, 'a.b')
  assert.deepEqual(settings.adminHosts.internal, ['otoroshi-admin-internal-api.a.b', 'a.b', 'c.d'])
  assert.deepEqual({ ...settings.loggers }, { 'otoroshi-env': 'debug' })
  assert.deepEqual([settings.adminApi.exposed, settings.logs.level], [false, 'warn'])
})

test('what follows from other settings', () => {
  const { settings } = load({
    argv: ['-Dpekko.http.parsing.max-uri-length=8k', '-Dapp.proxy.keepAlive=false', '--http-port', '1'],
    env: { HEALTH_ACCESS_KEY: 'k', OTOROSHI_SECRET: 's' },
  })
  assert.equal(settings.requests.maxUrlLength, 8192)
  assert.equal(settings.pool.maxIdle, 0)
  assert.equal(settings.exposed.httpPort, 1)
  assert.equal(settings.metrics.accessKey, 'k')
  assert.equal(settings.secrets.sessions, 's')
  assert.ok(load({}).settings.running.threads >= 1)
  // Bounds of the gateway are not those of the parser: the answers differ.
  const narrow = load({ argv: ['-Dotoroshi.requests.maxUrlLength=100'] }).settings
  assert.deepEqual([narrow.requests.maxUrlLength, narrow.http.limits.maxTarget], [100, 16_384])
  assert.deepEqual(faults({ argv: ['--tls-cert', 'c'] }), [
    'otoroshi.tls.certFile and otoroshi.tls.keyFile: give both, or none',
  ])
  assert.match(faults({ argv: ['--tls-cert=c', '--tls-key=k', '--https-port=8080'] })[0]!, /must differ/)
})

test('settings of upstream that do nothing here draw one warning each', () => {
  assert.deepEqual(warnings({ env: { REDIS_WINDOW_SIZE: '9' }, argv: ['-Dapp.redis.useScan=true'] }), [
    'setting REDIS_WINDOW_SIZE has no effect in this version',
    'setting -Dapp.redis.useScan has no effect in this version',
  ])
  const text =
    'otoroshi.cluster.leader.urls = [a]\napp.httpdb.headers {}\napp.health.limit = 5\notoroshi.vaults.mine { type = env }\nplay.some.thing = 1'
  assert.deepEqual(warnings(config(text)), [
    ...[
      'app.httpdb.headers',
      'app.health.limit',
      'otoroshi.cluster.leader.urls',
      'otoroshi.vaults.mine.type',
      'play.some.thing',
    ].map(key => `setting ${key} has no effect in this version`),
  ])
})

test('unknown names: flags and keys are refused, variables are not', () => {
  assert.deepEqual(faults({ argv: ['--htp-port', '1', '-x', 'start', '--set', 'app.domian=a'] }), [
    'unknown flag --htp-port; did you mean --http-port?',
    'unknown flag -x; --help lists the flags',
    '--set app.domian: unknown setting; did you mean otoroshi.domain?',
  ])
  assert.deepEqual(faults(config('htp.port = 1\nzzzzzzzzzzzz { a = 1 }')), [
    'gateway.conf: htp.port: unknown setting; did you mean http.port?',
    'gateway.conf: zzzzzzzzzzzz.a: unknown setting',
  ])
  assert.deepEqual(faults(config('http = 5')), ['gateway.conf: http: unknown setting'])
  assert.deepEqual(faults(config('http.port { a = 1 }')).length, 1)
  assert.deepEqual(warnings({ env: { OTOROSHI_PROT: '1', HOME: '/root', PATH: 'x' } }), [
    'unknown environment variable OTOROSHI_PROT; did you mean OTOROSHI_PORT?',
  ])
  assert.deepEqual(faults({ argv: ['--config'] }), ['--config: a value must follow'])
  assert.deepEqual(faults({ argv: ['--http-port', '--domain=a'] }), ['--http-port: a value must follow'])
  assert.deepEqual(faults({ argv: ['extra'] }), ["unexpected argument 'extra'"])
  for (const name of ['__proto__', 'constructor', 'toString'])
    assert.match(faults({ argv: ['--set', `${name}=1`] })[0]!, /unknown setting/)
})

test('files: contents of file:/// values, and paths', () => {
  const files = { '/run/secret': ' hidden\n' }
  assert.equal(
    load({ files, env: { OTOROSHI_SECRET: 'file:///run/secret' } }).settings.secrets.master,
    'hidden',
  )
  assert.equal(load({ argv: ['--data-dir', 'file:///var/oto'] }).settings.storage.dataDir, '/var/oto')
  assert.deepEqual(faults({ env: { OTOROSHI_SECRET: 'file:///none' } }), [
    'OTOROSHI_SECRET: the file /none cannot be read (ENOENT)',
  ])
  assert.deepEqual(faults({ argv: ['--config', 'none.conf'] }), ['none.conf: cannot be read (ENOENT)'])
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-settings-'))
  try {
    writeFileSync(join(directory, 'o.conf'), 'http.port = 77')
    assert.equal(
      loadSettings({ argv: ['--config', join(directory, 'o.conf')], env: {} }).settings.http.port,
      77,
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('vaults are refused, except in entities', () => {
  const sentence = 'references to vaults (${vault://…}) are not resolved in this version'
  assert.deepEqual(faults({ env: { OTOROSHI_SECRET: '${vault://env/x}' } }), [`OTOROSHI_SECRET: ${sentence}`])
  assert.deepEqual(faults(config('app.eventsName = "a${vault://env/x}"')), [
    `gateway.conf: app.eventsName: ${sentence}`,
  ])
  assert.match(
    faults(config('app.eventsName = ${vault://env/x}'))[0]!,
    /gateway.conf: line 1: references to vaults/,
  )
  const { customization } = load({ env: { OTOROSHI_INITIAL_CUSTOMIZATION: '{"a":"${vault://env/x}"}' } })
    .settings.firstStart
  assert.deepEqual(customization, { a: '${vault://env/x}' })
})

test('files that cannot be understood name the place and quote nothing', () => {
  const cases: [string, string, RegExp][] = [
    ['f.json', '{\n"otoroshi.secret": "hunter2" x}', /^f\.json: line 2: not valid JSON$/],
    ['f.json', '[1]', /^f\.json: a configuration is an object$/],
    ['f.json', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, /^f\.json: /],
    ['f.yaml', 'otoroshi:\n\tsecret: hunter2', /^f\.yaml: line 2: not valid YAML \(/],
    ['f.yml', 'a: *hunter2', /^f\.yml: /],
    [
      'f.yaml',
      `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => `${'abcdefghij'[i + 1]}: &${'abcdefghij'[i + 1]} [${`*${'abcdefghij'[i]},`.repeat(9)}]`).join('\n')}`,
      /^f\.yaml: /,
    ],
    ['f.conf', '\na = "hunter2', /^f\.conf: line 2: /],
    ['f.json', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`, /nested too deeply/],
  ]
  for (const [name, text, message] of cases) {
    const [fault] = faults(config(text, name))
    assert.match(fault!.slice(0, 200), message)
    assert.doesNotMatch(fault!, /hunter2/)
  }
})

test('public defaults of secrets are warned about, one by one, or refused', () => {
  const usual = [
    ['otoroshi.adminapi.defaultValues.backOfficeApiKeyClientSecret', 'OTOROSHI_ADMIN_API_SECRET'],
    ['otoroshi.secret', 'OTOROSHI_SECRET'],
    ['otoroshi.claim.sharedKey', 'OTOROSHI_CLAIM_SHAREDKEY'],
  ].map(
    ([key, variable]) =>
      `INSECURE: ${key} is a secret that everybody knows; set ${variable} before others can reach this gateway`,
  )
  assert.deepEqual(load({}).warnings.toSorted(), usual.toSorted())
  assert.deepEqual(faults({ argv: ['--refuse-default-secrets'] }).toSorted(), usual.toSorted())
  const env = {
    OTOROSHI_SECRET: 'a',
    OTOROSHI_CLAIM_SHAREDKEY: 'b',
    OTOROSHI_ADMIN_API_SECRET: 'c',
    OTOROSHI_REFUSE_DEFAULT_SECRETS: 'true',
  }
  assert.deepEqual(load({ env }).warnings, [])
  const known = (more: Record<string, string>): string[] =>
    faults({ env: { ...env, ...more } }).map(fault => fault.split(' ')[1]!)
  assert.deepEqual(known({ OTOROSHI_CLAIM_SHAREDKEY: 'secret' }), ['otoroshi.claim.sharedKey'])
  // The password of PostgreSQL counts where PostgreSQL does.
  const pg = { OTOROSHI_STORAGE: 'postgresql', OTOROSHI_PG_URI: 'postgres://u@db.test/oto' }
  assert.deepEqual(known(pg), ['otoroshi.pg.password'])
  for (const more of [{ OTOROSHI_PG_PASSWORD: 'x' }, { OTOROSHI_PG_URI: 'postgres://u:p@db.test/oto' }])
    assert.deepEqual(load({ env: { ...env, ...pg, ...more } }).warnings, [])
})

test('no secret is ever printed', () => {
  const secret = 'hunter2hunter2'
  const env = {
    OTOROSHI_SECRET: secret,
    OTOROSHI_CLAIM_SHAREDKEY: secret,
    OTOROSHI_ADMIN_API_SECRET: secret,
    HEALTH_ACCESS_KEY: secret,
    OTOROSHI_INITIAL_ADMIN_PASSWORD: secret,
    OTOROSHI_INITIAL_CUSTOMIZATION: `{"a":"${secret}"}`,
    OTOROSHI_IMPORT_FROM: `https://u:${secret}@x`,
  }
  const { settings, print } = load({ env, argv: ['--print-settings'] })
  assert.equal(print, true)
  const text = describeSettings(settings)
  assert.ok(!text.includes(secret))
  assert.match(text, /^otoroshi\.secret = \*\*\*$/m)
  assert.match(text, /^http\.port = 8080$/m)
  assert.match(text, /^pekko\.http\.parsing\.max-content-length = infinite$/m)
  const said = faults({
    env: { OTOROSHI_INITIAL_CUSTOMIZATION: secret },
    argv: ['--set', 'otoroshi.secret', secret, '--secret', secret, `-Dapp.secrte=${secret}`],
  })
  assert.equal(said.length, 4)
  assert.ok(!said.join().includes(secret))
})
