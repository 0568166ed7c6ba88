import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CallFailed } from '../../plugin/index.ts'
import { outgoingCalls, pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './external-eureka-target.ts'

const config = { service_url_default_zone: 'https://eureka.test/eureka/', eureka_app: 'SHOP' }

function route(calls: ReturnType<typeof outgoingCalls>) {
  const log: { level: string; message: string }[] = []
  const instance = setUp(plugin, config, pluginServices(routeView(), [], log, { calls }))
  const run = async () => {
    const { destination, status } = await runPlugin(
      { ...plugin, setup: () => ({ ...instance, dispose: () => {} }) },
      { config },
    )
    return [status, destination?.targets.map(({ hostname }) => hostname)]
  }
  return { log, run }
}

it('asks in the background, and goes on with the backend until it knows', async () => {
  const body = JSON.stringify({
    application: { instance: { hostName: 'a.test', port: { $: 80 }, status: 'UP' } },
  })
  const calls = outgoingCalls(() => ({ body }))
  const { run } = route(calls)
  assert.deepEqual(await run(), [200, undefined])
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(await run(), [200, ['a.test']])
  assert.deepEqual(
    calls.asked.map(({ url }) => url),
    ['https://eureka.test/eureka/apps/SHOP'],
  )
})

it('is not hurt by a server that is gone or talks nonsense', async () => {
  for (const answer of [
    () => {
      throw new CallFailed('unreachable', 'gone')
    },
    () => ({ status: 500 }),
    () => ({ body: 'x' }),
  ]) {
    const { run, log } = route(outgoingCalls(answer))
    await run()
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(await run(), [200, undefined])
    assert.match(log[0]!.message, /instances of SHOP/)
  }
})

it('says what it lacks', async () => {
  const { status, refusal } = await runPlugin(plugin)
  assert.deepEqual([status, refusal?.message], [400, 'Wrong config'])
  await assert.rejects(
    runPlugin(plugin, { config: { ...config, service_url_default_zone: 'ftp://x' } }),
    /service_url/,
  )
})
