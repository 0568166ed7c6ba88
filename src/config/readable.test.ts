import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsOf } from './setting.ts'
import { loadSettings, readableSettings, secretVariables } from './index.ts'
import { table } from './table/index.ts'

const load = (env: Record<string, string>, argv: readonly string[] = []) =>
  loadSettings({ env, argv }).settings

test('settings that are no secrets are read as text, under every key of theirs', () => {
  const { open, forKeys } = readableSettings(load({ OTOROSHI_DOMAIN: 'example.org', OTOROSHI_PORT: '9000' }))
  assert.equal(open['otoroshi.domain'], 'example.org')
  assert.equal(open['http.port'], '9000')
  assert.equal(open['play.server.http.port'], '9000')
  assert.equal(open['otoroshi.proxy.keepAlive'], 'true')
  assert.equal(open['http.address'], undefined)
  assert.deepEqual(forKeys, { 'otoroshi.claim.sharedKey': 'secret' })
})

test('no secret of the gateway is among them, whatever its value', () => {
  const secrets = settingsOf(table).filter(({ setting }) => setting.declaration.secret === true)
  assert.ok(secrets.length > 10)
  const { open } = readableSettings(
    load({ OTOROSHI_SECRET: 'hunter2', CLAIM_SHAREDKEY: 'hunter3', REDIS_LF_PASSWORD: 'hunter4' }),
  )
  for (const { setting } of secrets) {
    const { key, aliases = [] } = setting.declaration
    for (const name of [key, ...aliases]) assert.ok(!Object.hasOwn(open, name), name)
  }
  assert.doesNotMatch(JSON.stringify(open), /hunter/)
})

test('variables that a settings file puts into secrets are closed, alone, in lists and as parts', () => {
  const env = {
    MY_REDIS: 'redis://:of-redis@cache.internal:6379',
    DB_PASS: 'of p/ostgres',
    DB_HOST: 'db.internal.example',
    SALT: 'salt-of-the-secret',
    WHOLE_LINE: 'secret=pepper-salt-of-the-secret',
    SHORT: 'salt',
    STAGE: 'pepper-salt',
    OTOROSHI_OPEN_TELEMETRY_SERVER_LOGS_HEADERS: 'Authorization: Bearer x',
  }
  const closed = new Set(
    secretVariables(
      env,
      load({
        OTOROSHI_SECRET: 'pepper-salt-of-the-secret',
        PG_URI: `postgres://u:${encodeURIComponent(env.DB_PASS)}@db.internal.example/d`,
        REDIS_LETTUCE_URIS: env.MY_REDIS,
      }),
    ),
  )
  for (const name of ['MY_REDIS', 'DB_PASS', 'SALT', 'WHOLE_LINE']) assert.ok(closed.has(name), name)
  for (const name of ['DB_HOST', 'SHORT', 'STAGE']) assert.ok(!closed.has(name), name)
})

test('variables that hold a secret are closed: by what they set, by their name upstream, and by their value', () => {
  const env = {
    OTOROSHI_SECRET: 'a-secret-of-mine',
    MY_COPY: 'a-secret-of-mine',
    MY_OWN: 'something else',
    OTOROSHI_ADMIN_API_SECRET: 'x',
    OTOROSHI_KAFKA_PASSWORD: 'y',
    HOME: '/root',
    OTOROSHI_DOMAIN: 'example.org',
  }
  const closed = new Set(secretVariables(env, load({ OTOROSHI_SECRET: 'a-secret-of-mine' })))
  for (const name of [
    'OTOROSHI_SECRET',
    'MY_COPY',
    'OTOROSHI_ADMIN_API_SECRET',
    'OTOROSHI_KAFKA_PASSWORD',
    'OTOROSHI_INITIAL_ADMIN_PASSWORD',
  ])
    assert.ok(closed.has(name), name)
  for (const name of ['MY_OWN', 'HOME', 'OTOROSHI_DOMAIN']) assert.ok(!closed.has(name), name)
})
