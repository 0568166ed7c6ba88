import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadSettings } from './load.ts'

const load = (env: Record<string, string>) => loadSettings({ argv: [], env }).settings

test('a time zone is one that is known', () => {
  assert.equal(load({}).limits.zone, null)
  assert.equal(load({ OTOROSHI_LIMITS_TIME_ZONE: 'Europe/Paris' }).limits.zone, 'Europe/Paris')
  for (const zone of ['Mars/Olympus', '../etc', '5', 'a b'])
    assert.throws(
      () => load({ OTOROSHI_LIMITS_TIME_ZONE: zone }),
      /OTOROSHI_LIMITS_TIME_ZONE: .*time zone/,
      zone,
    )
})

test('the throttling window is whole seconds', () => {
  assert.equal(load({ THROTTLING_WINDOW: '60' }).limits.window, 60)
  for (const window of ['0', '1.5', 'ten'])
    assert.throws(
      () => load({ THROTTLING_WINDOW: window }),
      /THROTTLING_WINDOW: expected a whole number/,
      window,
    )
})

test('the Redis of limits is one server, or nodes of a cluster, and needs to be named', () => {
  const enabled = { OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_ENABLED: 'true' }
  const uris = 'OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_URIS'
  assert.deepEqual(
    load({ ...enabled, [uris]: 'redis://a:1;redis://b:2' }).limits.redis.uris.map(
      ({ addresses }) => addresses[0]?.host,
    ),
    ['a', 'b'],
  )
  assert.throws(() => load(enabled), /distributed-redis\.enabled needs the uris/)
  assert.throws(() => load({ ...enabled, [uris]: 'redis://a/1;redis://b/1' }), /only the database 0/)
  assert.throws(
    () => load({ ...enabled, [uris]: 'http://a' }),
    /OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_URIS: expected a list of Redis URIs/,
  )
})
