import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Body } from '../../plugin/index.ts'
import { clientRequest, fakeBoard, pluginServices, routeView, setUp } from '../../plugin/testing.ts'
import plugin from './ng-discovery-self-registration-sink.ts'

const board = fakeBoard()
const body = { read: async () => Buffer.from('{"host":"a.test:1","serviceId":"route_1"}') } as unknown as Body

async function ask(config: object, request: object, url = 'http://discovery.test/discovery/_register') {
  const { sink } = setUp(plugin, config, pluginServices(routeView(), [], [], { board }))
  const got = await sink?.(clientRequest({ method: 'POST', url, ...request }, false), body)
  return got?.kind === 'full' ? { status: got.status, text: String(got.body) } : undefined
}

it('answers on its hosts only', async () => {
  assert.equal(await ask({}, {}), undefined)
  const config = { hosts: ['Discovery.test'] }
  assert.equal(await ask(config, {}, 'http://other.test/discovery/_register'), undefined)
  assert.equal((await ask(config, {}, 'http://discovery.test/other'))?.status, 404)
  const made = await ask(config, {})
  assert.equal(JSON.parse(made!.text).serviceId, 'route_1')
  assert.equal(board.list('service-discovery:registrations:route_1:').length, 1)
})

it('takes registrations from private networks, or with the token', async () => {
  const hosts = ['discovery.test']
  assert.equal((await ask({ hosts }, { ip: '8.8.8.8' }))?.status, 401)
  assert.equal((await ask({ hosts }, { ip: '10.1.2.3' }))?.status, 200)
  // What the client says of itself counts for nothing.
  assert.equal(
    (await ask({ hosts }, { ip: '8.8.8.8', headers: { 'X-Forwarded-For': '10.1.2.3' } }))?.status,
    401,
  )
  const token = 't0ken'
  assert.equal((await ask({ hosts, token }, { ip: '10.1.2.3' }))?.status, 401)
  assert.equal(
    (await ask({ hosts, token }, { ip: '8.8.8.8', headers: { Authorization: 'Bearer t0ken' } }))?.status,
    200,
  )
})
