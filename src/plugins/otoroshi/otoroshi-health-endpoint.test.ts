import assert from 'node:assert/strict'
import { it } from 'node:test'
import { instanceServices, runPlugin } from '../../plugin/testing.ts'
import plugin from './otoroshi-health-endpoint.ts'

it('answers what the instance says of itself, whatever it is', async () => {
  const well = await runPlugin(plugin)
  assert.deepEqual([well.status, well.text], [200, '{"topic":"health","format":null,"filter":null}'])
  assert.equal(well.headers.get('cache-control'), 'no-store')
  const report = () => ({ status: 503, contentType: 'application/json', body: '{"otoroshi":"down"}' })
  const ill = await runPlugin(plugin, { services: { instance: { ...instanceServices, report } } })
  assert.deepEqual([ill.status, ill.text, ill.backend], [503, '{"otoroshi":"down"}', null])
})
