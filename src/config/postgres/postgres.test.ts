import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadSettings, type PostgresTarget, postgresTarget, SettingsError } from '../index.ts'
import { readPostgresUri } from './uri.ts'

const storage = { OTOROSHI_STORAGE: 'postgresql' }

/** The target of settings given as variables. */
function targetOf(env: Record<string, string>): PostgresTarget {
  const target = postgresTarget(loadSettings({ argv: [], env: { ...storage, ...env } }).settings.postgres)
  return target
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadSettings({ argv: [], env: { ...storage, ...env } })
  } catch (error) {
    assert.ok(error instanceof SettingsError)
    return error.faults
  }
  return []
}

describe('PostgreSQL URIs', () => {
  test('are read with all their parts', () => {
    assert.deepEqual(
      readPostgresUri(
        'postgresql://m%40:s%40e%3Ac%2F@db.test:6000/oto%20roshi?sslmode=verify-full&sslrootcert=/a.pem',
      ),
      {
        host: 'db.test',
        port: 6000,
        database: 'oto roshi',
        user: 'm@',
        password: 's@e:c/',
        tlsMode: 'verify-full',
        ca: '/a.pem',
        cert: null,
        key: null,
      },
    )
    const bare = readPostgresUri('postgres://')
    assert.deepEqual(new Set(Object.values(bare!)), new Set([null]))
    assert.equal(readPostgresUri('postgresql://[::1]:5/x')?.host, '::1')
    assert.equal(readPostgresUri('postgresql://%2Frun%2Fpg/x')?.host, '/run/pg')
    assert.equal(readPostgresUri('postgresql:///x?host=/run/pg')?.host, '/run/pg')
    const named = readPostgresUri('postgresql://?host=h&port=7&dbname=d&user=u&password=p&application_name=a')
    assert.deepEqual(
      [named?.host, named?.port, named?.database, named?.user, named?.password],
      ['h', 7, 'd', 'u', 'p'],
    )
  })

  for (const uri of [
    '',
    'db.test:5432/x',
    'http://db.test/x',
    'mysql://db.test/x',
    'postgresql:db.test',
    'postgresql://h:0/x',
    'postgresql://h:70000/x',
    'postgresql://h:port/x',
    'postgresql://a,b/x',
    'postgresql://h/x/y',
    'postgresql://h/x#y',
    'postgresql://h/x?sslmode=maybe',
    'postgresql://h/x?sslmode=require&sslmode=disable',
    'postgresql://h/x?options=-c%20search_path%3Dx',
    'postgresql://%zz@h/x',
    'postgresql://a%00b@h/x',
  ])
    test(`'${uri}' is none`, () => assert.equal(readPostgresUri(uri), undefined))
})

describe('the storage postgresql', () => {
  test('has the defaults of the original', () => {
    assert.deepEqual(targetOf({}), {
      host: 'localhost',
      port: 5432,
      database: 'otoroshi',
      user: 'otoroshi',
      password: 'otoroshi',
      tls: null,
      schema: 'otoroshi',
      table: 'entities',
      poolSize: 20,
      connectTimeout: 3000,
      queryTimeout: 5000,
      sweepEvery: 5000,
      sweepAfter: 2000,
    })
  })

  test('what the URI says wins, the rest stays', () => {
    const target = targetOf({
      POSTGRESQL_ADDON_URI: 'postgresql://u:p@h/d',
      PG_HOST: 'other',
      PG_PORT: '7',
      PG_USER: 'other',
      PG_POOL_SIZE: '4',
    })
    const { host, port, database, user, password, poolSize } = target
    assert.deepEqual([host, port, database, user, password, poolSize], ['h', 7, 'd', 'u', 'p', 4])
  })

  test('a later variable of a URI wins over an earlier one', () => {
    assert.equal(targetOf({ PG_URI: 'postgres://a', OTOROSHI_PG_URI: 'postgres://b' }).host, 'b')
  })

  test('TLS is asked for by the settings, or by the URI', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'
    assert.equal(targetOf({ PG_SSL_MODE: 'verify_full' }).tls, null)
    const asked = targetOf({ PG_SSL_ENABLED: 'true', PG_SSL_TRUSTED_CERT: pem }).tls
    assert.deepEqual([asked?.mode, asked?.ca.pem, asked?.trustAll], ['verify-ca', pem, false])
    for (const mode of ['verify_full', 'verify-full'])
      assert.equal(targetOf({ PG_SSL_ENABLED: 'true', PG_SSL_MODE: mode }).tls?.mode, 'verify-full')
    assert.equal(targetOf({ PG_SSL_ENABLED: 'true', PG_SSL_MODE: 'disable' }).tls, null)
    assert.equal(targetOf({ PG_URI: 'postgres://h?sslmode=require' }).tls?.mode, 'require')
    // A URI that does not speak of it leaves TLS as it was asked for.
    assert.equal(targetOf({ PG_URI: 'postgres://h', PG_SSL_ENABLED: 'true' }).tls?.mode, 'verify-ca')
    assert.equal(targetOf({ PG_URI: 'postgres://h?sslmode=disable', PG_SSL_ENABLED: 'true' }).tls, null)
    assert.equal(targetOf({ PG_HOST: '/run/pg', PG_SSL_ENABLED: 'true' }).tls, null)
    const own = targetOf({
      PG_URI: 'postgres://h?sslmode=verify-ca&sslrootcert=/own',
      PG_SSL_TRUSTED_CERT: pem,
    }).tls
    assert.deepEqual(own?.ca, { pem: null, path: '/own' })
  })

  test('names that SQL would read otherwise are faults', () => {
    assert.deepEqual([targetOf({ OTOROSHI_PG_SCHEMA: 'Own_1' }).schema], ['own_1'])
    for (const name of [
      'a"b',
      "a'b",
      'a;b',
      'a.b',
      'a b',
      '1a',
      'é',
      'x'.repeat(64),
      '"a"; DROP TABLE x; --',
    ])
      for (const variable of ['OTOROSHI_PG_SCHEMA', 'OTOROSHI_PG_TABLE']) {
        const [fault, ...more] = faultsOf({ [variable]: name })
        assert.match(fault ?? '', new RegExp(`^${variable}: expected a name of letters`), name)
        assert.deepEqual(more, [])
      }
  })

  test('faults name the variable, and no secret', () => {
    const [uri] = faultsOf({ PG_URI: 'postgres://u:hush@h?tiemout=1' })
    assert.match(uri!, /^PG_URI: expected postgresql:\/\//)
    const key = '-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----'
    const [pair] = faultsOf({ PG_SSL_ENABLED: 'true', OTOROSHI_PG_SSL_CLIENT_KEY: key })
    assert.match(pair!, /client-key is given without .*client-cert/)
    const cert = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'
    const [alone] = faultsOf({ PG_SSL_ENABLED: 'true', PG_SSL_CLIENT_CERT: cert })
    assert.match(alone!, /client-cert needs .*client-key/)
    assert.deepEqual(faultsOf({ PG_SSL_ENABLED: 'true', PG_SSL_CLIENT_CERT: `${cert}\n${key}` }), [])
    for (const said of [uri, pair, alone]) assert.doesNotMatch(said!, /hush/)
    for (const env of [
      { PG_PORT: '0' },
      { PG_POOL_SIZE: '1' },
      { PG_CONNECT_TIMEOUT: '1' },
      { PG_HOST: 'a/b' },
    ])
      assert.equal(faultsOf(env as Record<string, string>).length, 1)
  })
})
