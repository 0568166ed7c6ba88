/** A gateway on PostgreSQL by the settings that a user gives: TLS, few rights; and on a table that an Otoroshi has filled. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  makePostgresCertificates,
  type PostgresCertificates,
} from '../src/store/testing/postgres-certificates.ts'
import { postgresMissing, TestPostgres } from '../src/store/testing/postgres-server.ts'
import { type Json, original, routeTo } from './support/exports.ts'
import { failedStart } from './support/failed-start.ts'
import type { TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { fencedBlocks } from './support/markdown.ts'
import { oneAfterOther } from './support/one-after-other.ts'

const together = oneAfterOther({ OTOROSHI_STORAGE: 'postgresql' })
const { start, works } = together

/** The start ends with this sentence, and nothing else is said that matters. */
async function refused(env: Record<string, string>, sentence: RegExp): Promise<void> {
  const { code, output } = await failedStart({ env: { OTOROSHI_STORAGE: 'postgresql', ...env } })
  assert.equal(code, 1)
  const [said = '', ...more] = output.split('\n').filter(line => line.startsWith('otoroshi: '))
  assert.match(said, sentence, output)
  assert.deepEqual(more, [])
  assert.doesNotMatch(output, /hush| at .*\.ts:/)
}

describe('a PostgreSQL with TLS and certificates of clients', { skip: postgresMissing }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'otoroshi-tls-'))
  let files: PostgresCertificates | null = null
  if (postgresMissing === false) files = makePostgresCertificates(directory, 'certified')
  const skip = files === null && 'openssl is not installed'
  let server: TestPostgres
  before(async () => {
    if (files === null) return
    server = await TestPostgres.start({ tls: files.server })
    await server.sql(
      `CREATE USER certified; CREATE USER secure PASSWORD 'hush';
       GRANT CREATE ON DATABASE postgres TO certified, secure`,
    )
  })
  after(async () => {
    await server?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const at = (user: string, query = ''): Record<string, string> => ({
    PG_URI: `postgresql://${user}@127.0.0.1:${server.port}/postgres${query}`,
    OTOROSHI_PG_SCHEMA: user.split(':')[0]!,
    PG_CONNECT_TIMEOUT: '30000',
  })

  it('is used with the settings of the original', { skip }, async () => {
    const { server: own, user } = files!
    await works({
      ...at('certified'),
      PG_SSL_ENABLED: 'true',
      PG_SSL_MODE: 'verify_full',
      PG_SSL_TRUSTED_CERT_PATH: own.ca,
      PG_SSL_CLIENT_CERT: `file://${user.cert}`,
      OTOROSHI_PG_SSL_CLIENT_KEY_PATH: user.key,
    })
  })

  it('is used with what the URI says', { skip }, async () => {
    const { ca } = files!.server
    const output = await works(
      at('secure:hush', `?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`),
    )
    assert.doesNotMatch(output, /hush/)
  })

  it('is refused at the start without TLS, without trust, with a wrong password', { skip }, async () => {
    const reached = '^otoroshi: the database postgres at 127\\.0\\.0\\.1:\\d+ cannot be reached: '
    await refused(at('secure:hush'), new RegExp(`${reached}pg_hba\\.conf rejects connection`))
    await refused(at('secure:hush', '?sslmode=verify-ca'), new RegExp(`${reached}.*certificate`))
    await refused(
      at('secure:hush2', '?sslmode=require'),
      new RegExp(`${reached}password authentication failed for user "secure"$`),
    )
  })
})

describe('a PostgreSQL with the table and the user that the documentation gives', {
  skip: postgresMissing,
}, () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/postgresql.md'), 'utf8')
  const [statements] = fencedBlocks(page).filter(block => block.language === 'sql')

  it('is used by it, without a warning', async () => {
    const server = await TestPostgres.start()
    try {
      await server.sql(statements!.text)
      const at = (user: string) => ({ PG_URI: `postgresql://${user}@127.0.0.1:${server.port}/postgres` })
      const output = await works(at('gateway:password'))
      assert.doesNotMatch(output, /index|warning/i)
      await server.sql("CREATE USER nobody PASSWORD 'hush'; GRANT USAGE ON SCHEMA otoroshi TO nobody")
      await refused(at('nobody:hush'), /cannot be used: permission denied for table entities$/)
    } finally {
      await server.stop()
    }
  })
})

describe('a PostgreSQL that an Otoroshi has filled', { skip: postgresMissing }, () => {
  let server: TestPostgres
  let gateway: TestGateway
  const content = original()

  before(async () => {
    server = await TestPostgres.start()
    await fill()
    gateway = await start({ PG_URI: server.uri })
  })
  after(async () => {
    await gateway?.stop()
    await server?.stop()
  })

  const put = (key: string, kind: string, entity: Json, text = JSON.stringify(entity)) =>
    server.sql(
      `insert into otoroshi.entities (key, type, ttl, ttl_starting_at, value, kind, jvalue)
       values ($1, 'string', '1000 years'::interval, now(), $2, $3, $4::jsonb)`,
      [key, text, kind, JSON.stringify(entity)],
    )
  const rowOf = async (key: string) =>
    (await server.sql('select * from otoroshi.entities where key = $1', [key]))[0]!

  /** Entities under the original's keys, and what else it keeps there. */
  async function fill(): Promise<void> {
    // Made by a gateway that found nothing: the same table as the original's.
    const maker = await start({ PG_URI: server.uri })
    await maker.stop()
    await server.sql('truncate otoroshi.entities')
    const shop = content.routes.find(({ id }: Json) => id === 'shop')
    shop.backend.targets = [{ hostname: '127.0.0.1', port: together.backend.port, tls: false }]
    shop.frontend.domains = ['shop.test']
    shop.field_of_a_later_version = { kept: [1, "it's é"] }
    // Guarded by plugins that every version has.
    const admin = content.routes.find(({ id }: Json) => id === 'admin-api-service')
    const [first] = admin.plugins
    admin.plugins = ['OverrideHost', 'ApikeyCalls'].map(name => ({
      ...first,
      plugin: `cp:otoroshi.next.plugins.${name}`,
    }))
    const sets: [prefix: string, kind: string, idField: string, entities: Json[]][] = [
      ['routes:', 'route', 'id', content.routes],
      ['apikey:coll:', 'apikey', 'clientId', content.apiKeys],
      ['sgroup:', 'service-group', 'id', content.serviceGroups],
      ['tenants:', 'organization', 'id', content.tenants],
      ['backends:', 'backend', 'id', content.backends],
      ['certs:', 'certificate', 'id', content.certificates],
      ['jwt:verifiers:', 'jwt-verifier', 'id', content.jwtVerifiers],
      ['auth:configs:', 'auth-module', 'id', content.authConfigs],
      ['data-exporters:', 'data-exporter', 'id', content.dataExporters],
    ]
    for (const [prefix, kind, idField, entities] of sets)
      for (const entity of entities) await put(`otoroshi:${prefix}${entity[idField]}`, kind, entity)
    for (const team of content.teams) await put(`otoroshi:teams:${team.tenant}:${team.id}`, 'team', team)
    await put('otoroshi:config:global', 'global-config', content.config)
    await server.sql(
      `insert into otoroshi.entities (key, type, lvalue) values ('otoroshi:events:audit', 'list', '["{}", "{}"]');
       insert into otoroshi.entities (key, type, svalue) values ('otoroshi:routes:a-set', 'set', '{"x": "-"}');
       insert into otoroshi.entities (key, type, mvalue) values ('otoroshi:some:hash', 'hash', '{"field": "1"}');
       insert into otoroshi.entities (key, type, counter) values ('otoroshi:apikey:quotas:global:q3v8k2m1x7c9b4n6', 'counter', 12)`,
    )
  }

  it('is no first start, and its routes are served', async () => {
    assert.doesNotMatch(gateway.output, /with the password/)
    const got = await call(gateway.port, 'http://shop.test/')
    assert.deepEqual([got.status, got.body], [200, 'served'])
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
    const patched = await gateway.admin('PATCH', '/api/routes/shop', { name: "it's renamed" })
    assert.equal(patched.status, 200, patched.text)
    const row = await rowOf('otoroshi:routes:shop')
    const stored = JSON.parse(String(row['value']))
    assert.equal(stored.name, "it's renamed")
    assert.deepEqual(stored.field_of_a_later_version, { kept: [1, "it's é"] })
    const { name: _, ...others } = content.routes.find(({ id }: Json) => id === 'shop')
    assert.partialDeepStrictEqual(stored, others)
    // Where an Otoroshi lists routes from.
    assert.equal(row['kind'], 'route')
    assert.deepEqual(row['jvalue'], stored)
  })

  it('writes entities where the original looks for them', async () => {
    await gateway.route(routeTo(together.backend.port, 'made-here'))
    const made = await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', {
      clientId: 'k',
      clientSecret: 's',
      clientName: "k's",
      authorizedEntities: ['route_shop'],
    })
    assert.equal(made.status, 201, made.text)
    const alive = '(ttl_starting_at + ttl) > now()'
    const found = await server.sql(
      `select key from otoroshi.entities where kind = 'apikey' and jvalue -> 'authorizedEntities' ? 'route_shop' and key like '%:k' and ${alive}`,
    )
    assert.deepEqual(found, [{ key: 'otoroshi:apikey:coll:k' }])
    const listed = await server.sql(
      `select jvalue ->> 'id' as id from otoroshi.entities where kind = 'route' and ${alive}`,
    )
    const expected = [...content.routes.map(({ id }: Json) => id), 'made-here'].sort()
    assert.deepEqual(listed.map(({ id }) => id).sort(), expected)
  })

  it('keeps what is no entity as it was', async () => {
    assert.deepEqual((await rowOf('otoroshi:events:audit'))['lvalue'], ['{}', '{}'])
    assert.deepEqual((await rowOf('otoroshi:some:hash'))['mvalue'], { field: '1' })
    assert.equal((await rowOf('otoroshi:apikey:quotas:global:q3v8k2m1x7c9b4n6'))['counter'], '12')
    const created = await gateway.admin('POST', '/api/routes', routeTo(together.backend.port, 'a-set'))
    assert.notEqual(created.status, 201, 'a value of another kind is not overwritten')
    const kept = await rowOf('otoroshi:routes:a-set')
    assert.deepEqual([kept['type'], kept['svalue']], ['set', { x: '-' }])
  })
})
