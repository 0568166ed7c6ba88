import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fakeBoard, runPlugin } from '../../plugin/testing.ts'
import plugin from './eureka-target.ts'

it('takes the instances that are up', async () => {
  const board = fakeBoard()
  const put = (id: string, more: object) =>
    board.put(
      `plugins:eureka-server-s:apps:SHOP:${id}`,
      JSON.stringify({ instanceId: id, hostName: `${id}.test`, status: 'UP', ...more }),
      1000,
    )
  await put('a', { port: { $: 8080 } })
  await put('b', { port: 80, securePort: { $: '8443', '@enabled': 'true' }, ipAddr: '10.0.0.2' })
  await put('down', { port: 80, status: 'DOWN' })
  await put('noport', {})
  const config = { eureka_server: 's', eureka_app: 'SHOP' }
  const { destination } = await runPlugin(plugin, { config, services: { board } })
  assert.deepEqual(
    destination?.targets.map(({ id, hostname, port, tls }) => [id, hostname, port, tls]),
    [
      ['a', 'a.test', 8080, false],
      ['b', 'b.test', 8443, true],
    ],
  )
  const none = await runPlugin(plugin, { config: { ...config, eureka_app: 'OTHER' }, services: { board } })
  assert.deepEqual([none.status, none.destination], [200, null])
})

it('says what it lacks', async () => {
  const { status, refusal } = await runPlugin(plugin)
  assert.deepEqual([status, refusal?.reason], [400, 'eureka.not_configured'])
})
