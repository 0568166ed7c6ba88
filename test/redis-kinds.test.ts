/** A gateway on every kind of Redis, by the settings that a user gives; and on one that an Otoroshi has filled. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Redis } from 'ioredis'
import {
  makeCertificates,
  redisMissing,
  sentinelProgram,
  startServer,
  type TestServer,
} from '../src/store/testing/redis-server.ts'
import {
  startCluster,
  startSentinels,
  type TestCluster,
  type TestSentinels,
} from '../src/store/testing/redis-topology.ts'
import { type Json, original, routeTo, serves } from './support/exports.ts'
import { failedStart } from './support/failed-start.ts'
import type { TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { oneAfterOther, patience } from './support/one-after-other.ts'
import { until } from './support/wait.ts'

const together = oneAfterOther()
const { start, works } = together

describe('a Redis with TLS and certificates of clients', { skip: redisMissing }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-tls-'))
  const files = redisMissing === false ? makeCertificates(directory) : null
  const skip = files === null && 'openssl is not installed'
  let server: TestServer
  before(async () => {
    if (files === null) return
    const { ca, cert, key } = files
    const config = [`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${ca}`]
    server = await startServer({ tls: true, config: [...config, 'tls-auth-clients yes', 'requirepass hush'] })
  })
  after(async () => {
    await server?.remove()
    rmSync(directory, { recursive: true, force: true })
  })

  const uri = (more = '') => ({
    OTOROSHI_STORAGE: 'lettuce',
    REDIS_LETTUCE_URI: `rediss://:hush@127.0.0.1:${server.port}/0${more}`,
    OTOROSHI_REDIS_TIMEOUT: '30000',
  })
  const own = () => ({
    REDIS_LETTUCE_SSL_CLIENT_CERT: `file://${files!.cert}`,
    REDIS_LETTUCE_SSL_CLIENT_KEY: `file://${files!.key}`,
  })

  it('is used when it is trusted', { skip }, async () => {
    await works({ ...uri(), ...own(), REDIS_LETTUCE_SSL_TRUSTED_CERTS: `file://${files!.ca}` })
  })

  it('is refused at the start when nobody vouches for it', { skip }, async () => {
    const { code, output } = await failedStart({ env: { ...uri(), ...own() } })
    assert.equal(code, 1)
    assert.match(output, /^otoroshi: Redis \(127\.0\.0\.1:\d+\) cannot be used: .*certificate.*$/m)
    assert.doesNotMatch(output, /hush/)
  })
})

describe('a Redis with the user that the documentation gives', { skip: redisMissing }, () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/redis.md'), 'utf8')
  const user = /^user gateway on >password .*$/m.exec(text)?.[0] ?? ''

  it('is used by it', async () => {
    const server = await startServer({ config: ['requirepass other', user] })
    try {
      const uri = `redis://gateway:password@127.0.0.1:${server.port}`
      await works({ OTOROSHI_STORAGE: 'lettuce', REDIS_URL: uri })
    } finally {
      await server.remove()
    }
  })
})

describe('a Redis behind sentinels', {
  skip: redisMissing || (sentinelProgram === null && 'redis-sentinel is not installed'),
}, () => {
  let servers: TestSentinels
  before(async () => {
    servers = await startSentinels('hush', null)
  })
  after(() => servers.remove())

  it('is found under both names of settings, and followed to another master', {
    timeout: 300_000,
  }, async () => {
    const members = servers.sentinels.map(({ port }) => `127.0.0.1:${port}`)
    const byUri = {
      OTOROSHI_STORAGE: 'lettuce',
      REDIS_URL: `redis-sentinel://hush@${members.join(',')}#main`,
    }
    const byMembers = {
      OTOROSHI_STORAGE: 'redis-sentinel',
      REDIS_SENTINELS_MEMBERS: members.join(','),
      REDIS_SENTINELS_MASTER: 'main',
      REDIS_SENTINELS_PASSWORD: 'hush',
    }
    await works(byUri, byMembers)
    await servers.ready()
    const gateway = await start(byUri)
    const follower = new Redis({ port: servers.replica.port, password: 'hush' })
    try {
      const followed = async () => (await follower.exists('otoroshi:routes:after')) === 1
      await until('the replica follows', followed, patience)
      await servers.master.kill()
      const route = routeTo(together.backend.port, 'promoted')
      const written = async () => {
        const { status, json } = await gateway.admin('POST', '/apis/proxy.otoroshi.io/v1/routes', route)
        if (status !== 201) assert.deepEqual([status, json.reason], [503, 'admin.store_unavailable'])
        await serves(gateway, 'before')
        return status === 201
      }
      await until('it writes to the new master', written, 120_000)
      await serves(gateway, 'promoted')
      assert.equal(await follower.exists('otoroshi:routes:promoted'), 1)
    } finally {
      follower.disconnect()
      await gateway.stop()
    }
  })
})

describe('a cluster of Redis servers', { skip: redisMissing }, () => {
  let cluster: TestCluster
  before(async () => {
    cluster = await startCluster('hush')
  })
  after(() => cluster.remove())

  it('is used under both names of settings', async () => {
    const [first, second] = cluster.servers
    await works(
      {
        OTOROSHI_STORAGE: 'redis-cluster',
        REDIS_CLUSTER_MEMBERS: `hush@127.0.0.1:${first!.port},hush@127.0.0.1:${second!.port}`,
      },
      {
        OTOROSHI_STORAGE: 'lettuce',
        REDIS_LETTUCE_CONNECTION: 'cluster',
        REDIS_LETTUCE_URIS: `redis://:hush@127.0.0.1:${second!.port},redis://:hush@127.0.0.1:${first!.port}`,
      },
    )
    const sizes = await Promise.all(cluster.raws.map(raw => raw.dbsize()))
    assert.ok(
      sizes.every(size => size > 0),
      `keys of each server: ${sizes}`,
    )
  })
})

describe('a Redis that an Otoroshi has filled', { skip: redisMissing }, () => {
  let server: TestServer
  let raw: Redis
  let gateway: TestGateway
  const content = original()

  before(async () => {
    server = await startServer()
    raw = new Redis(server.port)
    await fill()
    gateway = await start({ OTOROSHI_STORAGE: 'lettuce', REDIS_URL: `redis://127.0.0.1:${server.port}` })
  })
  after(async () => {
    await gateway?.stop()
    raw?.disconnect()
    await server?.remove()
  })

  /** Entities under the original's keys, and what else it keeps there. */
  async function fill(): Promise<void> {
    const shop = content.routes.find(({ id }: Json) => id === 'shop')
    shop.backend.targets = [{ hostname: '127.0.0.1', port: together.backend.port, tls: false }]
    shop.frontend.domains = ['shop.test']
    shop.field_of_a_later_version = { kept: [1, 'é'] }
    const sets: [prefix: string, idField: string, entities: Json[]][] = [
      ['routes:', 'id', content.routes],
      ['apikey:coll:', 'clientId', content.apiKeys],
      ['sgroup:', 'id', content.serviceGroups],
      ['tenants:', 'id', content.tenants],
      ['backends:', 'id', content.backends],
      ['certs:', 'id', content.certificates],
      ['jwt:verifiers:', 'id', content.jwtVerifiers],
      ['auth:configs:', 'id', content.authConfigs],
      ['data-exporters:', 'id', content.dataExporters],
    ]
    for (const [prefix, idField, entities] of sets)
      for (const entity of entities)
        await raw.set(`otoroshi:${prefix}${entity[idField]}`, JSON.stringify(entity, null, 1))
    for (const team of content.teams)
      await raw.set(`otoroshi:teams:${team.tenant}:${team.id}`, JSON.stringify(team))
    await raw.set('otoroshi:config:global', JSON.stringify(content.config))
    await raw.lpush('otoroshi:events:audit', '{"@type":"AuditEvent"}', '{"@type":"AuditEvent"}')
    await raw.sadd('otoroshi:routes:a-set', 'x')
    await raw.hset('otoroshi:some:hash', 'field', '1')
    await raw.set('otoroshi:apikey:quotas:global:q3v8k2m1x7c9b4n6', '12')
    await raw.set('otoroshi:apikey:quotas:daily:q3v8k2m1x7c9b4n6', '7', 'EX', 3600)
  }

  it('is no first start, and its routes are served, that of the admin API included', async () => {
    assert.doesNotMatch(gateway.output, /with the password/)
    const got = await call(gateway.port, 'http://shop.test/')
    assert.deepEqual([got.status, got.body], [200, 'served'])
    const admin = await gateway.admin('GET', '/api/routes/admin-api-service')
    assert.equal(admin.status, 200, admin.text)
    const used = admin.json.plugins.map(({ plugin }: Json) => plugin.split('.').at(-1))
    assert.ok(used.includes('OtoroshiChallenge') && used.includes('NgLegacyApikeyCall'), String(used))
    const nobody = await call(gateway.port, 'http://otoroshi-api.oto.tools/api/routes')
    assert.equal(nobody.status, 400)
  })

  it('shows every entity, and changes one without losing what it does not know', async () => {
    const listed = async (path: string, idField: string) => {
      const { json, text, status } = await gateway.admin('GET', path)
      assert.equal(status, 200, text)
      return json.map((entity: Json) => entity[idField]).sort()
    }
    const ids = (entities: Json[], idField: string) => entities.map(entity => entity[idField]).sort()
    assert.deepEqual(await listed('/api/routes', 'id'), ids(content.routes, 'id'))
    assert.deepEqual(await listed('/api/apikeys', 'clientId'), ids(content.apiKeys, 'clientId'))
    assert.deepEqual(await listed('/api/tenants', 'id'), ids(content.tenants, 'id'))
    assert.deepEqual(await listed('/api/auths', 'id'), ids(content.authConfigs, 'id'))
    const patched = await gateway.admin('PATCH', '/api/routes/shop', { name: 'renamed' })
    assert.equal(patched.status, 200, patched.text)
    const stored = JSON.parse((await raw.get('otoroshi:routes:shop'))!)
    assert.equal(stored.name, 'renamed')
    assert.deepEqual(stored.field_of_a_later_version, { kept: [1, 'é'] })
    const { name: _, ...others } = content.routes.find(({ id }: Json) => id === 'shop')
    assert.partialDeepStrictEqual(stored, others)
  })

  it('keeps what is no entity as it was', async () => {
    assert.equal(await raw.llen('otoroshi:events:audit'), 2)
    assert.equal(await raw.scard('otoroshi:routes:a-set'), 1)
    assert.equal(await raw.hget('otoroshi:some:hash', 'field'), '1')
    assert.equal(await raw.get('otoroshi:apikey:quotas:global:q3v8k2m1x7c9b4n6'), '12')
    assert.ok((await raw.ttl('otoroshi:apikey:quotas:daily:q3v8k2m1x7c9b4n6')) > 0)
    const created = await gateway.admin('POST', '/api/routes', routeTo(together.backend.port, 'a-set'))
    assert.notEqual(created.status, 201, 'a value of another kind is not overwritten')
    assert.equal(await raw.type('otoroshi:routes:a-set'), 'set')
  })
})
