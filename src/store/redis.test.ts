/** The shared suite on one server: as it comes, with a password and rights, over TLS. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { StoreUnavailable } from './contract.ts'
import type { RedisTarget } from './redis/target.ts'
import { openRedisStore } from './redis.ts'
import { makeCertificates, redisMissing, startServer, type TestServer } from './testing/redis-server.ts'
import { targetAt } from './testing/redis-target.ts'
import { scanAll, storeSuite } from './testing/suite.ts'

const open = (target: RedisTarget) => openRedisStore({ root: 'otoroshi', lookEvery: 60_000, target })

describe('one Redis server', { skip: redisMissing }, () => {
  let server: TestServer
  let raw: Redis
  before(async () => {
    server = await startServer()
    raw = new Redis(server.port)
  })
  after(async () => {
    raw.disconnect()
    await server.remove()
  })

  storeSuite('redis', async () => {
    await raw.flushall()
    return open(targetAt(server.port))
  })

  test('keys and values are plain texts, as upstream has them', async () => {
    await raw.flushall()
    const store = await open(targetAt(server.port))
    const expiresAt = Date.now() + 60_000
    await store.commit([
      { key: 'otoroshi:routes:r', value: '{"id":"r"}' },
      { key: 'otoroshi:users:u', value: '{}', expiresAt },
    ])
    assert.deepEqual((await raw.keys('*')).sort(), ['otoroshi:routes:r', 'otoroshi:users:u'])
    assert.equal(await raw.get('otoroshi:routes:r'), '{"id":"r"}')
    assert.equal(await raw.pttl('otoroshi:routes:r'), -1)
    assert.equal(await raw.pexpiretime('otoroshi:users:u'), expiresAt)
    await store.close()
  })

  test('what is no text is left alone: read as nothing, never overwritten as if it were absent', async () => {
    await raw.flushall()
    await raw.lpush('otoroshi:list', 'a')
    await raw.hset('otoroshi:hash', 'a', '1')
    const store = await open(targetAt(server.port))
    assert.equal(await store.get('otoroshi:list'), null)
    assert.deepEqual(await scanAll(store, 'otoroshi:'), [])
    await assert.rejects(
      store.commit([{ key: 'otoroshi:list', value: '1' }], [{ key: 'otoroshi:list', value: null }]),
      { name: 'StoreConflict' },
    )
    await assert.rejects(store.increment('otoroshi:hash', 1, 0), { name: 'CounterRefused' })
    assert.equal(await raw.type('otoroshi:list'), 'list')
    await store.close()
  })

  test('databases are apart', async () => {
    await raw.flushall()
    const first = await open(targetAt(server.port))
    const second = await open(targetAt(server.port, { database: 3 }))
    await second.commit([{ key: 'a', value: '3' }])
    assert.equal(await first.get('a'), null)
    assert.equal(await second.get('a'), '3')
    await Promise.all([first.close(), second.close()])
  })

  test('says whether writes survive the server', async () => {
    const store = await open(targetAt(server.port))
    assert.equal(store.durable, false)
    await store.close()
    await raw.config('SET', 'appendonly', 'yes')
    const other = await open(targetAt(server.port))
    assert.equal(other.durable, true)
    await other.close()
    await raw.config('SET', 'appendonly', 'no')
  })

  test('a script the server has forgotten is sent again', async () => {
    const store = await open(targetAt(server.port))
    await raw.script('FLUSH')
    await store.commit([{ key: 'a', value: '1' }])
    assert.equal(await store.get('a'), '1')
    await store.close()
  })

  test('a memory that is full refuses the whole commit, or takes the whole', async t => {
    await raw.flushall()
    const store = await open(targetAt(server.port))
    t.after(() => store.close())
    await store.commit([{ key: 'a', value: 'x'.repeat(100_000) }])
    await raw.config('SET', 'maxmemory', '1')
    t.after(() => raw.config('SET', 'maxmemory', '0'))
    const grows = [
      { key: 'b', value: 'x' },
      { key: 'a', value: null },
    ]
    await assert.rejects(store.commit(grows), /^StoreFull: Redis \(127\.0\.0\.1:\d+\) cannot be used: OOM/)
    assert.equal((await store.get('a'))?.length, 100_000)
    assert.equal(await store.get('b'), null)
    await store.commit(grows.toReversed())
    assert.equal(await store.get('a'), null)
    assert.equal(await store.get('b'), 'x')
  })
})

describe('a Redis server with users', { skip: redisMissing }, () => {
  let server: TestServer
  let raw: Redis
  const rights = 'resetchannels &otoroshi:* ~* +@read +@write +@scripting +@pubsub +@connection +info'
  before(async () => {
    server = await startServer({
      config: [
        'requirepass main',
        `user gate on >se:c@ret ${rights}`,
        'user weak on >weak ~* +get +info +ping',
        'user quiet on >quiet resetchannels &none ~* +@read +@write +@scripting +subscribe +@connection +info',
      ],
    })
    raw = new Redis({ port: server.port, password: 'main' })
  })
  after(async () => {
    raw.disconnect()
    await server.remove()
  })

  storeSuite('redis with a user of few rights', async () => {
    await raw.flushall()
    return open(targetAt(server.port, { username: 'gate', password: 'se:c@ret' }))
  })

  test('a password alone is that of the default user', async () => {
    const store = await open(targetAt(server.port, { password: 'main' }))
    await store.ping()
    await store.close()
  })

  test('a wrong password, none, or a user who may not write: told at once, in a sentence without the secret', async () => {
    for (const [more, reason] of [
      [{ password: 'wrong-secret' }, /WRONGPASS/],
      [{ username: 'gate', password: 'wrong-secret' }, /WRONGPASS/],
      [{}, /NOAUTH/],
      [{ username: 'weak', password: 'weak' }, /NOPERM/],
      [{ username: 'quiet', password: 'quiet' }, /NOPERM.*channels/],
    ] as const) {
      const began = Date.now()
      await assert.rejects(open(targetAt(server.port, { ...more, timeout: 60_000 })), (error: Error) => {
        assert.ok(error instanceof StoreUnavailable)
        assert.match(error.message, reason)
        assert.doesNotMatch(error.message, /wrong-secret|\n/)
        return true
      })
      assert.ok(Date.now() - began < 30_000, `${Date.now() - began} ms`)
    }
  })
})

describe('a Redis server with TLS', { skip: redisMissing }, () => {
  let server: TestServer | null = null
  let raw: Redis
  let directory: string
  let files: { ca: string; cert: string; key: string } | null
  let pem: { ca: string; cert: string; key: string }
  const tls = (more: Partial<NonNullable<RedisTarget['tls']>> = {}) => ({
    tls: { verify: true, ca: pem.ca, cert: pem.cert, key: pem.key, passphrase: null, ...more },
  })
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'otoroshi-store-'))
    files = makeCertificates(directory)
    if (files === null) return
    const { ca, cert, key } = files
    pem = { ca: readFileSync(ca, 'utf8'), cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
    server = await startServer({
      tls: true,
      config: [
        `tls-cert-file ${cert}`,
        `tls-key-file ${key}`,
        `tls-ca-cert-file ${ca}`,
        'tls-auth-clients yes',
      ],
    })
    raw = new Redis({ port: server.port, tls: pem })
  })
  after(async () => {
    raw?.disconnect()
    await server?.remove()
    rmSync(directory, { recursive: true, force: true })
  })

  storeSuite('redis over TLS with a client certificate', async t => {
    if (server === null) {
      t.skip('openssl is not installed')
      return (await import('./memory.ts')).createMemoryStore()
    }
    await raw.flushall()
    return open(targetAt(server.port, tls()))
  })

  test('a server that nobody vouches for is refused, unless told otherwise', async t => {
    if (server === null) return t.skip('openssl is not installed')
    await assert.rejects(open(targetAt(server.port, tls({ ca: null }))), /certificate/)
    const store = await open(targetAt(server.port, tls({ ca: null, verify: false })))
    await store.ping()
    await store.close()
  })

  test('the name in the certificate counts', async t => {
    if (server === null) return t.skip('openssl is not installed')
    const nodes = [{ host: '127.0.0.2', port: server.port, password: null }]
    await assert.rejects(open(targetAt(0, { nodes, ...tls(), timeout: 500 })), StoreUnavailable)
    const named = [{ host: 'localhost', port: server.port, password: null }]
    const store = await open(targetAt(0, { nodes: named, ...tls() }))
    await store.ping()
    await store.close()
  })
})
