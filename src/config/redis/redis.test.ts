import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isRedisKind, loadSettings, type RedisTarget, redisTarget, SettingsError } from '../index.ts'
import { redisMembers } from './members.ts'
import { readRedisUri, redisUris } from './uri.ts'

/** The target of settings given as variables. */
function targetOf(env: Record<string, string>): RedisTarget {
  const { settings } = loadSettings({ argv: [], env })
  const { kind } = settings.storage
  assert.ok(isRedisKind(kind))
  const target = redisTarget(kind, settings.redis)
  assert.ok(typeof target !== 'string')
  return target
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadSettings({ argv: [], env })
  } catch (error) {
    assert.ok(error instanceof SettingsError)
    return error.faults
  }
  return []
}

describe('Redis URIs', () => {
  test('are read with all their parts', () => {
    assert.deepEqual(readRedisUri('rediss://me:s%40e%3Ac@cache.test:7000/4?timeout=10s&verifyPeer=NONE'), {
      tls: true,
      verify: false,
      addresses: [{ host: 'cache.test', port: 7000 }],
      path: null,
      username: 'me',
      password: 's@e:c',
      database: 4,
      master: null,
      timeout: 10_000,
    })
    const sentinel = readRedisUri('redis-sentinel://secret@a,[::1]:5000,c:26380/2#main')
    assert.deepEqual(sentinel?.addresses, [
      { host: 'a', port: 26_379 },
      { host: '::1', port: 5000 },
      { host: 'c', port: 26_380 },
    ])
    assert.equal(sentinel?.master, 'main')
    assert.equal(sentinel?.database, 2)
    assert.equal(readRedisUri('redis-sentinel://a?sentinelMasterId=m')?.master, 'm')
    assert.equal(readRedisUri('redis-socket:///run/redis.sock?database=1')?.path, '/run/redis.sock')
  })

  test('know a password without a user, in both spellings', () => {
    for (const uri of ['redis://secret@h', 'redis://:secret@h']) {
      assert.equal(readRedisUri(uri)?.password, 'secret', uri)
      assert.equal(readRedisUri(uri)?.username, null, uri)
      assert.deepEqual(readRedisUri(uri)?.addresses, [{ host: 'h', port: 6379 }])
    }
  })

  for (const uri of [
    '',
    'h:6379',
    'http://h',
    'redis://',
    'redis://h:0',
    'redis://h:70000',
    'redis://h/x',
    'redis://a,b',
    'redis://h#main',
    'redis+tls://h',
    'redis-sentinel://h',
    'redis-socket://h/x',
    'redis://h?tiemout=1',
    'redis://h?timeout=soon',
    'redis://h?verifyPeer=maybe',
    'redis://%zz@h',
    'redis://h h',
  ])
    test(`'${uri}' is none`, () => assert.equal(readRedisUri(uri), undefined))

  test('a list is split between URIs, not inside those of sentinels', () => {
    assert.equal(redisUris.read('redis://a, rediss://b:1,redis://c')?.length, 3)
    assert.equal(redisUris.read('redis-sentinel://a,b,c#m')?.length, 1)
    assert.equal(redisUris.read(['redis://a', 'redis://b'])?.length, 2)
    assert.equal(redisUris.read('redis://a,b://c'), undefined)
    assert.equal(redisUris.read([1]), undefined)
  })
})

test('members are texts or objects', () => {
  assert.deepEqual(redisMembers.read('p@ss@a:1, [::1]:2'), [
    { host: 'a', port: 1, password: 'p@ss' },
    { host: '::1', port: 2, password: null },
  ])
  assert.deepEqual(redisMembers.read([{ host: 'a', port: 1, password: 'x' }, {}]), [
    { host: 'a', port: 1, password: 'x' },
    { host: 'localhost', port: 6379, password: null },
  ])
  for (const raw of ['a', 'a:x', 'a:0', ':1', [{ port: 'x' }], 5])
    assert.equal(redisMembers.read(raw), undefined)
})

describe('the storage', () => {
  test('lettuce', () => {
    const target = targetOf({ OTOROSHI_STORAGE: 'lettuce', REDIS_URL: 'rediss://u:p@h:1/3' })
    assert.equal(target.mode, 'nodes')
    assert.equal(target.username, 'u')
    assert.equal(target.password, 'p')
    assert.equal(target.database, 3)
    assert.deepEqual(target.tls, { verify: true, ca: null, cert: null, key: null, passphrase: null })
    const sentinels = targetOf({
      OTOROSHI_STORAGE: 'lettuce',
      REDIS_LETTUCE_URI: 'redis-sentinel://data@a,b#main',
      REDIS_LETTUCE_SENTINELS_PASSWORD: 'watch',
    })
    assert.deepEqual(
      [
        sentinels.mode,
        sentinels.master,
        sentinels.password,
        sentinels.sentinelPassword,
        sentinels.nodes.length,
      ],
      ['sentinels', 'main', 'data', 'watch', 2],
    )
    const cluster = targetOf({
      OTOROSHI_STORAGE: 'lettuce',
      REDIS_LETTUCE_URIS: 'redis://x@a,redis://x@b',
      REDIS_LETTUCE_CONNECTION: 'cluster',
    })
    assert.deepEqual([cluster.mode, cluster.nodes.length, cluster.password], ['cluster', 2, 'x'])
  })

  test('redis and its variants', () => {
    const redis = targetOf({
      OTOROSHI_STORAGE: 'redis',
      REDIS_HOST: 'h',
      REDIS_PORT: '7',
      REDIS_PASSWORD: 'p',
      REDIS_SLAVES: 'r:8',
    })
    assert.deepEqual(redis.nodes, [
      { host: 'h', port: 7, password: 'p' },
      { host: 'r', port: 8, password: null },
    ])
    assert.equal(redis.password, 'p')
    assert.equal(targetOf({ OTOROSHI_STORAGE: 'redis', REDIS_URL: 'redis://u/2' }).database, 2)
    const lf = targetOf({ OTOROSHI_STORAGE: 'redis-lf', REDIS_LF_HOST: 'm', REDIS_LF_SLAVES: 'r:8' })
    assert.deepEqual(
      lf.nodes.map(node => node.host),
      ['m', 'r'],
    )
    for (const [kind, name] of [
      ['redis-pool', 'REDIS_POOL_MEMBERS'],
      ['redis-mpool', 'REDIS_MPOOL_MEMBERS'],
      ['redis-cluster', 'REDIS_CLUSTER_MEMBERS'],
    ] as const) {
      const target = targetOf({ OTOROSHI_STORAGE: kind, [name]: 's@a:1,b:2' })
      assert.equal(target.nodes.length, 2)
      assert.equal(target.mode, kind === 'redis-cluster' ? 'cluster' : 'nodes')
    }
    const sentinel = targetOf({
      OTOROSHI_STORAGE: 'redis-sentinel',
      REDIS_SENTINELS_MEMBERS: 'a:1,b:2',
      REDIS_SENTINELS_MASTER: 'm',
      OTOROSHI_REDIS_SENTINELS_PASSWORD: 'p',
      REDIS_SENTINELS_DB: '5',
    })
    assert.deepEqual(
      [sentinel.mode, sentinel.master, sentinel.password, sentinel.database, sentinel.sentinelPassword],
      ['sentinels', 'm', 'p', 5, null],
    )
  })

  test('certificates are PEM or base64 of it', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
    const target = targetOf({
      OTOROSHI_STORAGE: 'lettuce',
      REDIS_URL: 'rediss://h',
      REDIS_LETTUCE_SSL_TRUSTED_CERTS: Buffer.from(pem).toString('base64'),
      REDIS_LETTUCE_VERIFY_PEERS: 'false',
    })
    assert.equal(target.tls?.ca, pem)
    assert.equal(target.tls?.verify, false)
  })

  for (const [env, sentence] of [
    [{ OTOROSHI_STORAGE: 'lettuce' }, /^the storage lettuce needs otoroshi\.redis\.lettuce\.uri$/],
    [
      { OTOROSHI_STORAGE: 'redis-cluster' },
      /^the storage redis-cluster needs otoroshi\.redis\.cluster\.membersStr$/,
    ],
    [
      { OTOROSHI_STORAGE: 'redis-sentinel', REDIS_SENTINELS_MEMBERS: 'a:1' },
      /needs otoroshi\.redis\.sentinels\.master$/,
    ],
    [{ OTOROSHI_STORAGE: 'redis-sentinel-lf' }, /needs otoroshi\.redis\.sentinels\.lf\.membersStr$/],
    [
      { OTOROSHI_STORAGE: 'lettuce', REDIS_URL: 'redis://h', REDIS_LETTUCE_START_TLS: 'true' },
      /no Redis server has STARTTLS/,
    ],
    [
      { OTOROSHI_STORAGE: 'lettuce', REDIS_LETTUCE_URIS: 'redis://a/1,redis://b/2' },
      /give the same user, database/,
    ],
    [
      { OTOROSHI_STORAGE: 'lettuce', REDIS_URL: 'redis://a/1', REDIS_LETTUCE_CONNECTION: 'cluster' },
      /only the database 0/,
    ],
    [
      { OTOROSHI_STORAGE: 'lettuce', REDIS_URL: 'rediss://a', REDIS_LETTUCE_SSL_CLIENT_CERT: '-----BEGIN X' },
      /give both, or none/,
    ],
    [
      { OTOROSHI_STORAGE: 'lettuce', REDIS_URL: 'redis:/secret@h' },
      /^REDIS_URL: expected a Redis URI: redis:\/\/\[/,
    ],
    [
      { OTOROSHI_STORAGE: 'redis-pool', REDIS_POOL_MEMBERS: 'secret@h' },
      /^REDIS_POOL_MEMBERS: expected servers/,
    ],
  ] as const)
    test(`is refused: ${JSON.stringify(env)}`, () => {
      const faults = faultsOf(env)
      assert.equal(faults.length, 1)
      assert.match(faults[0]!, sentence)
      assert.doesNotMatch(faults[0]!, /secret/)
    })

  test('faults of Redis harm nobody who uses another store', () => {
    assert.deepEqual(faultsOf({ OTOROSHI_STORAGE: 'sqlite', REDIS_LETTUCE_START_TLS: 'true' }), [])
  })
})
