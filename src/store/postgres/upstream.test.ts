/** One table for this gateway and an Otoroshi: what it writes is read here, what is written here it can read. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test'
import type { Store } from '../contract.ts'
import { openPostgresStore } from '../postgres.ts'
import { until } from '../testing/patience.ts'
import { postgresMissing, TestPostgres } from '../testing/postgres-server.ts'
import { scanAll } from '../testing/suite.ts'

/** The table as an Otoroshi makes it. */
const table = `
  create schema if not exists otoroshi;
  create table otoroshi.entities (
    key text not null,
    type text not null,
    ttl_starting_at timestamptz default now(),
    ttl interval default '1000 years'::interval,
    counter bigint default 0,
    value text default '',
    lvalue jsonb default '[]'::jsonb,
    svalue jsonb default '{}'::jsonb,
    mvalue jsonb default '{}'::jsonb,
    kind text default '',
    jvalue jsonb default '{}'::jsonb,
    primary key (key)
  );
  create index otoroshi_kind_idx on otoroshi.entities using btree (kind);
  create index otoroshi_key_idx on otoroshi.entities using btree (key);`

describe('a table that an Otoroshi made', { skip: postgresMissing }, () => {
  let server: TestPostgres
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())
  beforeEach(() => server.sql(`drop schema if exists otoroshi cascade; ${table}`))

  async function storeOf(t: TestContext, lookEvery = 60_000): Promise<Store> {
    const store = await openPostgresStore({ target: server.target(), root: 'otoroshi', lookEvery })
    t.after(() => store.close())
    return store
  }

  const rowOf = async (key: string) =>
    (
      await server.sql(
        `select *, ttl::text as life, extract(year from ttl)::int as years from otoroshi.entities where key = $1`,
        [key],
      )
    )[0]!

  test('its rows are read: entities, texts, counters; lives as it writes them', async t => {
    await server.sql(
      `insert into otoroshi.entities (key, type, ttl, ttl_starting_at, value, kind, jvalue) values
         ('otoroshi:routes:r', 'string', '1000 years'::interval, now(), '{"id": "r", "name": "it''s"}', 'route',
          '{"id": "r", "name": "it''''s"}'),
         ('otoroshi:users:private:u', 'string', '3600000 milliseconds'::interval, now(), '{"randomId": "u"}',
          'auth-module-user', '{"randomId": "u"}'),
         ('otoroshi:routes:over', 'string', '10 milliseconds'::interval, now() - interval '1 second', '{}', 'route', '{}');
       insert into otoroshi.entities (key, type, value) values ('otoroshi:data:text', 'string', 'two '''' quotes');
       insert into otoroshi.entities (key, type, counter) values ('otoroshi:apikey:quotas:global:k', 'counter', 12);
       insert into otoroshi.entities (key, type, ttl) values ('otoroshi:routes:endless', 'string', null)`,
    )
    const store = await storeOf(t)
    assert.equal(await store.get('otoroshi:routes:r'), '{"id": "r", "name": "it\'s"}')
    assert.equal(await store.get('otoroshi:routes:over'), null)
    assert.equal(await store.get('otoroshi:routes:endless'), null, 'an Otoroshi does not see it either')
    assert.equal(await store.get('otoroshi:data:text'), "two '' quotes")
    assert.equal(await store.get('otoroshi:apikey:quotas:global:k'), '12')
    assert.equal(await store.increment('otoroshi:apikey:quotas:global:k', 3, 0), 15)
    assert.deepEqual(
      (await scanAll(store, 'otoroshi:')).map(({ key }) => key),
      [
        'otoroshi:apikey:quotas:global:k',
        'otoroshi:data:text',
        'otoroshi:routes:r',
        'otoroshi:users:private:u',
      ],
    )
    const [never, hour] = await store.expiries!(['otoroshi:routes:r', 'otoroshi:users:private:u'])
    assert.equal(never, 0)
    assert.ok(Math.abs(hour! - Date.now() - 3_600_000) < 60_000, String(hour))
  })

  test('lists, sets and hashes are left alone: read as nothing, never overwritten as if they were absent', async t => {
    await server.sql(
      `insert into otoroshi.entities (key, type, lvalue) values ('otoroshi:events:audit', 'list', '["a", "b"]');
       insert into otoroshi.entities (key, type, svalue) values ('otoroshi:some:set', 'set', '{"a": "-"}');
       insert into otoroshi.entities (key, type, mvalue) values ('otoroshi:some:hash', 'hash', '{"a": "1"}');
       insert into otoroshi.entities (key, type, lvalue, ttl, ttl_starting_at) values
         ('otoroshi:old:list', 'list', '["a"]', '1 second'::interval, now() - interval '1 hour')`,
    )
    const store = await storeOf(t)
    const keys = ['otoroshi:events:audit', 'otoroshi:some:set', 'otoroshi:some:hash']
    for (const key of keys) {
      assert.equal(await store.get(key), null)
      await assert.rejects(store.increment(key, 1, 0), { name: 'CounterRefused' })
      for (const value of [null, ''])
        await assert.rejects(store.commit([{ key, value: '1' }], [{ key, value }]), { name: 'StoreConflict' })
    }
    const members = [
      ['otoroshi:some:set', 'a'],
      ['otoroshi:some:set', 'b'],
      ['otoroshi:some:hash', 'a'],
      ['none', 'a'],
      ['otoroshi:some:set', '\0'],
    ]
    const found = await Promise.all(members.map(([key, text]) => store.hasMember!(key!, text!)))
    assert.deepEqual(found, [true, false, false, false, false])
    assert.deepEqual(await scanAll(store, 'otoroshi:'), [])
    const rows = await server.sql(
      'select type, lvalue, svalue, mvalue from otoroshi.entities order by key limit 1',
    )
    assert.deepEqual(rows, [{ type: 'list', lvalue: ['a', 'b'], svalue: {}, mvalue: {} }])
    // What has expired is absent, whatever it was.
    await store.commit(
      [{ key: 'otoroshi:old:list', value: '1' }],
      [{ key: 'otoroshi:old:list', value: null }],
    )
    assert.equal(await store.get('otoroshi:old:list'), '1')
  })

  test('an entity has its kind and a copy as JSON, other texts have none', async t => {
    const store = await storeOf(t)
    const kinds = {
      'otoroshi:routes:a': 'route',
      'otoroshi:backends:a': 'backend',
      'otoroshi:desc:a': 'service-descriptor',
      'otoroshi:apikey:coll:a': 'apikey',
      'otoroshi:certs:a': 'certificate',
      'otoroshi:jwt:verifiers:a': 'jwt-verifier',
      'otoroshi:auth:configs:a': 'auth-module',
      'otoroshi:sgroup:a': 'service-group',
      'otoroshi:tenants:a': 'organization',
      'otoroshi:teams:default:a': 'team',
      'otoroshi:admins:a': 'admins',
      'otoroshi:users:private:a': 'auth-module-user',
      'otoroshi:config:global': 'global-config',
      'otoroshi:history:1': '',
      'otoroshi:routing': '',
      'another:routes:a': '',
    }
    const text = '{ "id": "a", "name": "it\'s", "z": 1, "authorizedEntities": ["group_default"] }'
    await store.commit(Object.keys(kinds).map(key => ({ key, value: text })))
    for (const [key, kind] of Object.entries(kinds)) {
      const row = await rowOf(key)
      assert.deepEqual(
        [row['type'], row['value'], row['kind'], row['years']],
        ['string', text, kind, 1000],
        key,
      )
      assert.deepEqual(row['jvalue'], kind === '' ? {} : JSON.parse(text), key)
    }
    // How an Otoroshi lists a kind, finds keys of a group, and looks for names.
    const alive = '(ttl_starting_at + ttl) > now()'
    const listed = await server.sql(`select jvalue from otoroshi.entities where kind = 'route' and ${alive}`)
    assert.deepEqual(listed, [{ jvalue: JSON.parse(text) }])
    const granted = await server.sql(
      `select key from otoroshi.entities where kind = 'apikey' and jvalue -> 'authorizedEntities' ? 'group_default' and ${alive}`,
    )
    assert.deepEqual(granted, [{ key: 'otoroshi:apikey:coll:a' }])
    const named = await server.sql(`select key from otoroshi.entities where key ~ $1 and ${alive}`, [
      'otoroshi:tenants:.*',
    ])
    assert.deepEqual(named, [{ key: 'otoroshi:tenants:a' }])
  })

  test('a copy that PostgreSQL would not take is made takeable, or left out, and the text stays what it is', async t => {
    const store = await storeOf(t)
    const texts = {
      nul: '{"id":"nul","name":"a\\u0000b"}',
      half: '{"id":"half","name":"\\ud800"}',
      deep: `{"id":"deep","a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      list: '[1,2]',
      broken: '{"id":',
      proto: '{"id":"proto","__proto__":{"a":1},"n":1e400}',
    }
    await store.commit(Object.entries(texts).map(([id, value]) => ({ key: `otoroshi:routes:${id}`, value })))
    const copies: Record<string, unknown> = {}
    for (const [id, value] of Object.entries(texts)) {
      assert.equal(await store.get(`otoroshi:routes:${id}`), value)
      const { kind, jvalue } = await rowOf(`otoroshi:routes:${id}`)
      copies[id] = [kind, JSON.stringify(jvalue)]
    }
    assert.deepEqual(copies, {
      nul: ['route', '{"id":"nul","name":"a\ufffdb"}'],
      half: ['route', '{"id":"half","name":"\ufffd"}'],
      deep: ['', '{}'],
      list: ['', '{}'],
      broken: ['', '{}'],
      proto: ['route', '{"n":null,"id":"proto","__proto__":{"a":1}}'],
    })
  })

  test('its statements work on rows of this gateway, and what they did is seen', async t => {
    const store = await storeOf(t, 100)
    const heard = new Set<string>()
    store.watch(keys => {
      for (const key of keys) heard.add(key)
    })
    await store.commit([
      { key: 'otoroshi:routes:r', value: '{"id":"r","v":1}' },
      { key: 'otoroshi:routes:gone', value: '{"id":"gone"}' },
      { key: 'otoroshi:users:private:u', value: '{"v":1}', expiresAt: Date.now() + 3_600_000 },
    ])
    await store.increment('otoroshi:count', 5, 3_600_000)
    heard.clear()
    await server.sql(
      `insert into otoroshi.entities (key, type, ttl, ttl_starting_at, value, kind, jvalue)
       values ('otoroshi:routes:r', 'string', '1000 years'::interval, now(), '{"id":"r","v":2}', 'route', '{"id":"r","v":2}')
       on conflict (key) do update set type = 'string', value = excluded.value, kind = excluded.kind, jvalue = excluded.jvalue;
       insert into otoroshi.entities (key, type, counter) values ('otoroshi:count', 'counter', 1)
       on conflict (key) do update set type = 'counter', counter = otoroshi.entities.counter + 1;
       update otoroshi.entities set ttl = '60000 milliseconds'::interval, ttl_starting_at = now()
       where key = 'otoroshi:users:private:u';
       delete from otoroshi.entities where key in ('otoroshi:routes:gone')`,
    )
    await until('all of it is found', () => heard.size === 3)
    assert.deepEqual([...heard].sort(), [
      'otoroshi:routes:gone',
      'otoroshi:routes:r',
      'otoroshi:users:private:u',
    ])
    assert.equal(await store.get('otoroshi:routes:r'), '{"id":"r","v":2}')
    assert.equal(await store.get('otoroshi:routes:gone'), null)
    assert.equal(await store.increment('otoroshi:count', 0, 0), 6)
    const [soon] = await store.expiries!(['otoroshi:users:private:u'])
    assert.ok(soon! < Date.now() + 120_000 && soon! > Date.now() - 60_000)
  })

  test('a text of digits is counted on from, and a counter is overwritten by a text', async t => {
    const store = await storeOf(t)
    await store.commit([{ key: 'c', value: '41' }])
    assert.equal(await store.increment('c', 1, 0), 42)
    const counted = await rowOf('c')
    assert.deepEqual([counted['type'], counted['counter']], ['counter', '42'])
    await store.commit([{ key: 'c', value: 'text' }], [{ key: 'c', value: '42' }])
    const written = await rowOf('c')
    assert.deepEqual([written['type'], written['counter'], written['value']], ['string', '0', 'text'])
  })
})
