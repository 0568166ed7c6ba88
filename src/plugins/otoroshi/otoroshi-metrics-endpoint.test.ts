import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runPlugin } from '../../plugin/testing.ts'
import plugin from './otoroshi-metrics-endpoint.ts'

async function asked(config: object, url: string): Promise<unknown> {
  return JSON.parse((await runPlugin(plugin, { config, request: { url } })).text)
}

it('asks for the figures that are meant', async () => {
  const topic = 'metrics'
  assert.deepEqual(await asked({}, '/'), { topic, format: null, filter: null })
  assert.deepEqual(await asked({ filter: 'otoroshi.*' }, '/?format=prom'), {
    topic,
    format: 'prom',
    filter: 'otoroshi.*',
  })
  assert.deepEqual(await asked({ filter: 'otoroshi.*' }, '/?filter=x'), { topic, format: null, filter: 'x' })
})
