import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CallFailed, geolocationAttribute } from '../../plugin/index.ts'
import { outgoingCalls, pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-ip-stack-geolocation-info-extractor.ts'

const answer = {
  country_code: 'US',
  country_name: 'United States',
  latitude: 37.4,
  longitude: -122,
  zip: '94041',
  time_zone: { id: 'America/Los_Angeles' },
}

function route(calls: ReturnType<typeof outgoingCalls>, config: object = { apikey: 'k y' }) {
  const log: { level: string; message: string }[] = []
  const instance = setUp(plugin, config, pluginServices(routeView(), [], log, { calls }))
  const placeOf = async (ip: string) =>
    (await runPlugin({ ...plugin, setup: () => instance }, { request: { ip } })).attributes.get(
      geolocationAttribute,
    )
  return { log, placeOf }
}

it('asks once for an address, and not for those that are nowhere', async () => {
  const calls = outgoingCalls(() => ({ body: JSON.stringify(answer) }))
  const { placeOf } = route(calls)
  const place = await placeOf('8.8.8.8')
  assert.deepEqual(
    [place?.['country'], place?.['latitude'], place?.['postal_code'], place?.['time_zone']],
    ['United States', 37.4, '94041', 'America/Los_Angeles'],
  )
  await placeOf('8.8.8.8')
  for (const ip of ['127.0.0.1', '10.1.2.3', '192.168.0.1', '::1', 'fe80::1'])
    assert.equal(await placeOf(ip), undefined, ip)
  assert.deepEqual(
    calls.asked.map(({ url }) => url),
    ['https://api.ipstack.com/8.8.8.8?access_key=k%20y&format=1'],
  )
})

it('hurts no request when nothing can be told, and does not ask for each one', async () => {
  for (const broken of [
    () => {
      throw new CallFailed('timeout', 'too slow')
    },
    () => ({ status: 500, body: 'x' }),
    () => ({ body: 'no json' }),
    () => ({ body: '{"success":false,"error":{"code":101}}' }),
  ]) {
    const calls = outgoingCalls(broken)
    const { placeOf, log } = route(calls)
    for (let n = 0; n < 3; n++) assert.equal(await placeOf('8.8.8.8'), undefined)
    assert.equal(calls.asked.length, 1)
    assert.match(log[0]!.message, /place of a client is not known/)
  }
})

it('does nothing without a key', async () => {
  const calls = outgoingCalls(() => ({}))
  assert.equal(await route(calls, {}).placeOf('8.8.8.8'), undefined)
  assert.equal(calls.asked.length, 0)
  assert.throws(() => route(calls, { apikey: 'k', url: 'ftp://x' }), /url/)
})
