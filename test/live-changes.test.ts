import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

let gateway: TestGateway
let first: Backend
let second: Backend

before(async () => {
  gateway = await startGateway({ threads: 2 })
  first = await startBackend((_request, response) => void response.end('first'))
  second = await startBackend((_request, response) => void response.end('second'))
})
after(async () => {
  await gateway.stop()
  await first.close()
  await second.close()
})

const route = (port: number, more: Record<string, unknown> = {}) => ({
  id: 'live',
  name: 'live',
  frontend: { domains: ['live.test'] },
  backend: { targets: [{ hostname: '127.0.0.1', port }] },
  ...more,
})

describe('a route changed while traffic flows', () => {
  it('is what the writer sees next, on every thread', async () => {
    await gateway.route(route(first.port))
    for (let i = 0; i < 20; i++) assert.equal((await call(gateway.port, 'http://live.test/')).body, 'first')
    const changed = await gateway.admin('PUT', '/apis/proxy.otoroshi.io/v1/routes/live', route(second.port))
    assert.equal(changed.status, 200, changed.text)
    for (let i = 0; i < 20; i++) assert.equal((await call(gateway.port, 'http://live.test/')).body, 'second')
  })

  it('loses no request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const outcomes = new Map<string, number>()
    let running = true
    const client = async (): Promise<void> => {
      while (running) {
        const key = await call(gateway.port, 'http://live.test/', { agent }).then(
          got => `${got.status} ${got.body}`,
          error => `failed ${String(error)}`,
        )
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
      }
    }
    const clients = Array.from({ length: 8 }, client)
    try {
      for (let i = 0; i < 60; i++) {
        const port = i % 2 === 0 ? first.port : second.port
        const answer = await gateway.admin(
          'PUT',
          '/apis/proxy.otoroshi.io/v1/routes/live',
          route(port, { description: `${i}` }),
        )
        assert.equal(answer.status, 200)
      }
    } finally {
      running = false
      await Promise.all(clients)
      agent.destroy()
    }
    assert.deepEqual([...outcomes.keys()].sort(), ['200 first', '200 second'], JSON.stringify([...outcomes]))
  })

  it('removed answers 404 and the others go on', async () => {
    await gateway.route({
      ...route(first.port),
      id: 'other',
      name: 'other',
      frontend: { domains: ['other.test'] },
    })
    const removed = await gateway.admin('DELETE', '/apis/proxy.otoroshi.io/v1/routes/live')
    assert.equal(removed.status, 200, removed.text)
    assert.equal((await call(gateway.port, 'http://live.test/')).status, 404)
    assert.equal((await call(gateway.port, 'http://other.test/')).body, 'first')
  })
})

describe('a fault', () => {
  it('closes its route and shows in its status', async () => {
    const faulty = {
      ...route(first.port),
      id: 'faulty',
      name: 'faulty',
      frontend: { domains: ['faulty.test'] },
      plugins: [{ plugin: 'cp:nobody.knows.Me' }],
    }
    await gateway.route(faulty)
    const got = await call(gateway.port, 'http://faulty.test/')
    assert.deepEqual(
      [got.status, got.headers['otoroshi-error-reason']],
      [503, 'plugin.unknown; plugin="cp:nobody.knows.Me"'],
    )
    const status = await gateway.admin('GET', '/api/routes/faulty/_status')
    assert.equal(status.status, 200, status.text)
    assert.match(status.text, /plugin\.unknown/)
    assert.match((await gateway.admin('GET', '/api/status')).text, /plugin\.unknown/)
  })
})

describe('an explanation', () => {
  it('tells the decision about a request that was never made', async () => {
    const answer = await gateway.admin('POST', '/api/explain', {
      method: 'GET',
      url: 'http://other.test/a?b=c',
    })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.json.state, 'Successful')
    assert.match(answer.text, /"path":\s*"\/a\?b=c"/)
    const seen = first.seen.length
    const lost = await gateway.admin('POST', '/api/explain', { method: 'GET', url: 'http://nobody.test/' })
    assert.match(lost.text, /no_domain/)
    assert.equal(first.seen.length, seen)
  })
})
