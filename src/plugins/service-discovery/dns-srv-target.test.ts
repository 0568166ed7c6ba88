import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './dns-srv-target.ts'
import { targetsOfRecords } from './srv-records.ts'

const record = (name: string, port: number, priority: number, weight: number) => ({
  name,
  port,
  priority,
  weight,
})
const none = new Map<string, string>()

it('those of the lowest priority number come first, the others are backups', () => {
  const records = [record('b.test', 2, 20, 5), record('a.test.', 1, 10, 0), record('c.test', 3, 10, 7)]
  const seen = targetsOfRecords(records, true, new Map([['c.test', '10.0.0.3']]))
  assert.deepEqual(
    seen.map(({ hostname, port, weight, backup, tls, ip_address }) => [
      hostname,
      port,
      weight,
      backup,
      tls,
      ip_address,
    ]),
    [
      ['a.test', 1, 1, false, true, null],
      ['c.test', 3, 7, false, true, '10.0.0.3'],
      ['b.test', 2, 5, true, true, null],
    ],
  )
})

it('come out alike in whatever order they are told', () => {
  const records = [record('b.test', 2, 1, 5), record('a.test', 9, 1, 5), record('a.test', 1, 1, 5)]
  assert.deepEqual(
    targetsOfRecords(records, false, none),
    targetsOfRecords(records.toReversed(), false, none),
  )
})

it('that say there is no such service are no targets', () => {
  assert.deepEqual(targetsOfRecords([record('.', 0, 0, 0), record('', 80, 0, 0)], false, none), [])
})

it('beyond what a route can use are left out', () => {
  const many = Array.from({ length: 1000 }, (_, i) => record('a.test', 1 + i, 1, 1))
  assert.equal(targetsOfRecords(many, false, none).length, 256)
})

it('leaves requests to the backend while nobody answers, says so, and is over when its route is', async () => {
  const log: { level: string; message: string }[] = []
  // Nobody listens on port 1.
  const config = { service: '_http._tcp.shop.test', dns_server: '127.0.0.1:1' }
  const instance = setUp(plugin, config, pluginServices(routeView(), [], log))
  const held = { ...plugin, setup: () => ({ ...instance, dispose: () => {} }) }
  const { destination, status } = await runPlugin(held, { config })
  assert.deepEqual([status, destination?.targets.length], [200, undefined])
  const until = Date.now() + 20_000
  while (log.length === 0 && Date.now() < until) await new Promise(resolve => setTimeout(resolve, 10))
  assert.match(log[0]!.message, /SRV records of _http\._tcp\.shop\.test: .*ECONNREFUSED/)
  instance.dispose?.()
})

it('says what it lacks', async () => {
  await assert.rejects(runPlugin(plugin), /service/)
  await assert.rejects(runPlugin(plugin, { config: { service: 'x', dns_server: 'localhost' } }), /dns_server/)
})
