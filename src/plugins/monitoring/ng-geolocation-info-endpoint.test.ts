import assert from 'node:assert/strict'
import { it } from 'node:test'
import { geolocationAttribute } from '../../plugin/index.ts'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-geolocation-info-endpoint.ts'

const url = '/.well-known/otoroshi/plugins/geolocation'
const get = (path: string, known: boolean, method = 'GET') =>
  runPlugin(plugin, {
    request: { url: path, method },
    before: exchange => {
      if (known) exchange.attributes.set(geolocationAttribute, { city: 'é' })
    },
  })

it('shows what is known, on its path alone', async () => {
  const { status, text, headers } = await get(url, true)
  assert.deepEqual([status, text, headers.get('content-type')], [200, '{"city":"é"}', 'application/json'])
  for (const other of [await get('/', true), await get(url, true, 'POST'), await get(`${url}/x`, true)])
    assert.notEqual(other.backend, null)
})

it('has an answer when nothing is known', async () => {
  const { status, backend } = await get(url, false)
  assert.equal(status, 404)
  assert.equal(backend === null, 404 === (404 as number))
})
