import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fakeBoard, runPlugin } from '../../plugin/testing.ts'
import plugin from './eureka-server-sink.ts'

const board = fakeBoard()
const ask = async (method: string, url: string, body?: object, accept = 'application/xml') => {
  const { status, text, headers } = await runPlugin(plugin, {
    route: { id: 'server' },
    services: { board },
    request: {
      method,
      url,
      headers: { Accept: accept },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
  })
  return { status, text, type: headers.get('content-type') }
}
const instance = {
  instanceId: 'i1',
  hostName: 'a.test',
  ipAddr: '10.0.0.1',
  vipAddress: 'v',
  port: { $: 8080, '@enabled': 'true' },
}

it('keeps instances and shows them in XML or JSON', async () => {
  assert.equal((await ask('POST', '/eureka/apps/SHOP', { instance })).status, 204)
  assert.deepEqual(
    board.list('').map(([key]) => key),
    ['plugins:eureka-server-server:apps:SHOP:i1'],
  )
  const xml = await ask('GET', '/eureka/apps/SHOP')
  assert.equal(xml.type, 'application/xml')
  assert.match(xml.text, /<application><name>SHOP<\/name><instance>.*<port enabled="true">8080<\/port>/)
  const all = JSON.parse((await ask('GET', '/eureka/apps/', undefined, 'application/json')).text)
  assert.equal(all.applications.application[0].instance[0].hostName, 'a.test')
  assert.match((await ask('GET', '/eureka/instances/i1')).text, /<status>UP<\/status>/)
  assert.match((await ask('GET', '/eureka/vips/v')).text, /a\.test/)
  assert.doesNotMatch((await ask('GET', '/eureka/svips/v')).text, /a\.test/)
})

it('takes heartbeats, statuses and metadata', async () => {
  assert.equal((await ask('PUT', '/eureka/apps/SHOP/i1')).status, 200)
  assert.equal((await ask('PUT', '/eureka/apps/SHOP/i1/status?value=OUT_OF_SERVICE')).status, 200)
  assert.equal((await ask('PUT', '/eureka/apps/SHOP/i1/metadata?zone=b')).status, 200)
  const shown = JSON.parse(
    (await ask('GET', '/eureka/apps/SHOP/i1', undefined, 'application/json')).text,
  ).instance
  assert.deepEqual([shown.status, shown.metadata], ['OUT_OF_SERVICE', { zone: 'b' }])
  assert.equal((await ask('PUT', '/eureka/apps/SHOP/none')).status, 404)
  assert.equal((await ask('PUT', '/eureka/apps/SHOP/i1/metadata')).status, 400)
  assert.deepEqual(await ask('DELETE', '/eureka/apps/SHOP/i1'), {
    status: 200,
    text: '{"deleted":"done"}',
    type: 'application/json',
  })
  assert.equal((await ask('GET', '/eureka/apps/SHOP')).status, 404)
})

it('refuses what is no instance, and writes XML whatever it was told', async () => {
  for (const body of [{}, { instance: [] }, { instance: {} }, { instance: { instanceId: 'a/b' } }])
    assert.equal((await ask('POST', '/eureka/apps/SHOP', body)).status, 400)
  assert.equal((await ask('POST', '/eureka/apps/..%2f..', { instance })).status, 400)
  assert.equal((await ask('GET', '/other')).status, 404)
  let deep: object = {}
  for (let n = 0; n < 5000; n++) deep = { a: deep }
  const odd = { ...instance, instanceId: 'odd', 'a<b': 1, hostName: '<x>&"\u0000', metadata: deep }
  assert.equal((await ask('POST', '/eureka/apps/ODD', { instance: odd })).status, 204)
  const { status, text } = await ask('GET', '/eureka/apps/ODD')
  assert.equal(status, 200)
  assert.match(text, /<hostName>&#60;x&#62;&#38;&#34;<\/hostName>/)
})
