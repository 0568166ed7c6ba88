import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { HeaderBlock } from '../../http/headers.ts'
import { geolocationAttribute } from '../../plugin/index.ts'
import { outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import { geoDatabase } from './geo-database.ts'
import plugin from './ng-max-mind-geolocation-info-extractor.ts'
import { mmdbOf } from './testing/mmdb.ts'
import { berlin } from './testing/places.ts'

const folder = mkdtempSync(join(tmpdir(), 'geo-'))
const path = join(folder, 'city.mmdb')
writeFileSync(path, mmdbOf('85.10.0.0', 16, berlin))
after(() => rmSync(folder, { recursive: true }))

const placeOf = async (ip: string, config: object, services: object = {}) => {
  const { attributes } = await runPlugin(plugin, { config, request: { ip }, services })
  return attributes.get(geolocationAttribute)
}

it('finds the place of a client', async () => {
  await geoDatabase(path)
  assert.deepEqual(await placeOf('85.10.1.2', { path }), {
    provider: 'maxmind',
    ip: '85.10.1.2',
    continent: 'Europe',
    continent_code: 'EU',
    country: 'Germany',
    country_code: 'DE',
    region: 'Land Berlin',
    region_code: 'BE',
    city: 'Berlin',
    postal_code: '10115',
    latitude: 52.52,
    longitude: 13.405,
    time_zone: 'Europe/Berlin',
  })
  for (const ip of ['85.11.0.1', '127.0.0.1', '::1']) assert.equal(await placeOf(ip, { path }), undefined, ip)
})

it('leaves what another plugin has found', async () => {
  const { attributes } = await runPlugin(plugin, {
    config: { path },
    request: { ip: '85.10.1.2' },
    before: exchange => exchange.attributes.set(geolocationAttribute, { country: 'elsewhere' }),
  })
  assert.deepEqual(attributes.get(geolocationAttribute), { country: 'elsewhere' })
})

it('follows the global configuration', async () => {
  const global = (geolocation: object, more: object = {}) =>
    placeOf('85.10.1.2', {}, { geolocation, ...more })
  assert.equal(await global({ type: 'none' }), undefined)
  assert.equal(await global({ type: 'maxmind', path, enabled: false }), undefined)
  const calls = outgoingCalls(() => ({
    headers: new HeaderBlock(),
    body: '{"country_code":"FR","country_name":"France"}',
  }))
  const place = await global({ type: 'ipstack', apikey: 'k' }, { calls })
  assert.equal(place?.['country'], 'France')
  assert.equal(calls.asked[0]?.url, 'https://api.ipstack.com/85.10.1.2?access_key=k&format=1')
})

it('refuses what is no database', async () => {
  await assert.rejects(placeOf('1.1.1.1', { path: join(folder, 'none') }), /path: .*none/)
  writeFileSync(join(folder, 'text'), 'text')
  await assert.rejects(placeOf('1.1.1.1', { path: join(folder, 'text') }), /no MaxMind database/)
})
