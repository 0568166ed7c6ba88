import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fakeBoard, pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './ng-discovery-targets-selector.ts'
import transformer from './ng-discovery-self-registration-transformer.ts'

it('sends requests to who is registered, and to the backend while nobody is', async () => {
  const board = fakeBoard()
  const config = { targetTemplate: { weight: 3 } }
  const instance = setUp(plugin, config, pluginServices(routeView({ id: 'r' }), [], [], { board }))
  const targets = async () =>
    (await runPlugin({ ...plugin, setup: () => instance }, { config })).destination?.targets.map(
      t => `${t.tls ? 's' : ''}${t.hostname}:${t.port}`,
    )
  assert.equal(await targets(), undefined)
  const register = (body: object) =>
    runPlugin(transformer, {
      route: { id: 'r' },
      services: { board },
      request: { method: 'POST', url: '/discovery/_register', body: JSON.stringify(body) },
    })
  await register({ host: '10.0.0.1:8080', scheme: 'https' })
  await register({ hostname: 'b.test', port: 81 })
  await register({ host: 'c.test' })
  assert.deepEqual((await targets())?.sort(), ['b.test:81', 'c.test:80', 's10.0.0.1:8080'])
  for (const [key] of board.list('')) await board.remove(key)
  assert.equal(await targets(), undefined)
})
