/** The phases around the call to the backend: `lookup`, `answered` and `failed`, and requests made once more for nobody. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { answer, refuse } from '../plugin/answer.ts'
import type { Exchange, PluginInstance } from '../plugin/contract.ts'
import { openTestGateway, type TestGateway, testRoute } from './testing/test-gateway.ts'
import { testPlugin } from './testing/test-plugin.ts'

let server: Server
let port = 0
let calls = 0
let status = 200
const open: TestGateway[] = []

before(async () => {
  server = createServer((_, response) => {
    calls++
    response.writeHead(status).end(status === 304 ? undefined : `backend ${calls}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
after(async () => {
  for (const gateway of open) await gateway.close()
  server.closeAllConnections()
  server.close()
})

/** `response` marks what went through the response phase. */
async function gatewayWith(instance: PluginInstance, target = port): Promise<TestGateway> {
  const marks = testPlugin('marks', {
    response({ response }) {
      response.headers.set('X-Marked', 'yes')
    },
  })
  const gateway = await openTestGateway({ plugins: [testPlugin('p', instance), marks] })
  open.push(gateway)
  const plugins = [{ plugin: 'marks' }, { plugin: 'p' }]
  const unused = { backend: { targets: [], client: {} } }
  await gateway.write(['Route', testRoute('r', 'api.test', target, { plugins, ...(target === 0 && unused) })])
  calls = 0
  status = 200
  return gateway
}

const seen = ({ status, body, headers }: Awaited<ReturnType<TestGateway['call']>>) => [
  status,
  body,
  headers['x-marked'],
]

describe('lookup', () => {
  it('answers in place of the backend, through the response phase, at once or later', async () => {
    for (const lookup of [() => answer(200, [], 'kept'), async () => answer(200, [], 'kept')]) {
      const gateway = await gatewayWith({ lookup })
      assert.deepEqual(seen(await gateway.call('http://api.test/')), [200, 'kept', 'yes'])
      assert.equal(calls, 0)
    }
  })

  it('sees the request as it goes to the backend, and answers where no target is left', async () => {
    const gateway = await gatewayWith({ lookup: ({ upstream }) => answer(200, [], upstream.path) }, 0)
    assert.deepEqual(seen(await gateway.call('http://api.test/a?b')), [200, '/a?b', 'yes'])
    const silent = await gatewayWith({ lookup: () => undefined }, 0)
    assert.equal((await silent.call('http://api.test/')).status, 503)
  })

  it('may refuse, and what it throws lets nothing pass', async () => {
    const refusing = await gatewayWith({ lookup: () => refuse('cache.not_kept') })
    assert.equal((await refusing.call('http://api.test/')).status, 504)
    const failing = await gatewayWith({
      lookup: () => {
        throw new Error('no')
      },
    })
    assert.equal((await failing.call('http://api.test/')).status, 500)
    assert.equal(calls, 0)
  })
})

describe('answered', () => {
  it('sees the answer before the response phase and may put another in its place', async () => {
    const marked: boolean[] = []
    const gateway = await gatewayWith({
      answered(exchange) {
        marked.push(exchange.response.headers.has('x-marked'))
        return exchange.request.path === '/other' ? answer(200, [], 'other') : undefined
      },
    })
    assert.deepEqual(seen(await gateway.call('http://api.test/')), [200, 'backend 1', 'yes'])
    assert.deepEqual(seen(await gateway.call('http://api.test/other')), [200, 'other', 'yes'])
    assert.deepEqual(marked, [false, false])
  })

  it('leaves the connection open when the answer it replaces has no body', async () => {
    const gateway = await gatewayWith({ answered: () => answer(200, [], 'kept') })
    status = 304
    const connections = new Set<unknown>()
    const note = (socket: unknown): unknown => connections.add(socket)
    server.on('connection', note)
    for (let i = 0; i < 5; i++)
      assert.deepEqual(seen(await gateway.call('http://api.test/')), [200, 'kept', 'yes'])
    server.off('connection', note)
    assert.deepEqual([calls, connections.size], [5, 1])
  })

  it('sees what a plugin answers in place of the backend', async () => {
    const gateway = await gatewayWith({
      backend: () => answer(200, [], 'plugin'),
      answered: ({ response }) => answer(response.status, [], 'after'),
    })
    assert.deepEqual(seen(await gateway.call('http://api.test/')), [200, 'after', 'yes'])
  })
})

describe('failed', () => {
  it('may answer in place of an error of the backend, once', async () => {
    const reasons: string[] = []
    const gateway = await gatewayWith(
      {
        failed(_, refusal) {
          reasons.push(refusal.reason)
          return answer(200, [], 'stale')
        },
      },
      1,
    )
    assert.deepEqual(seen(await gateway.call('http://api.test/')), [200, 'stale', 'yes'])
    assert.deepEqual(reasons, ['backend.refused'])
    assert.equal(gateway.finished.at(-1)?.refusal, null)
  })

  it('changes nothing when it does not answer, or throws', async () => {
    for (const failed of [
      () => undefined,
      () => {
        throw new Error('no')
      },
    ]) {
      const gateway = await gatewayWith({ failed }, 1)
      assert.equal((await gateway.call('http://api.test/')).status, 502)
      assert.equal(gateway.finished.at(-1)?.refusal?.reason, 'backend.refused')
    }
  })

  it('is not asked about refusals of plugins', async () => {
    const gateway = await gatewayWith({
      access: () => refuse('plugin.refused'),
      failed: () => answer(200, [], 'stale'),
    })
    assert.equal((await gateway.call('http://api.test/')).status, 403)
  })
})

describe('a request that is made once more', () => {
  it('goes through the phases from the request on, for nobody, and is not counted', async () => {
    const phases: string[] = []
    let over = (): void => {}
    const done = new Promise<void>(resolve => (over = resolve))
    const copies = new Set<Exchange>()
    const gateway = await gatewayWith({
      access: () => void phases.push('access'),
      request: () => void phases.push('request'),
      lookup(exchange) {
        if (copies.has(exchange)) return undefined
        exchange.repeat(
          copy => copies.add(copy),
          copy => {
            phases.push(`over ${copy.response.status}`)
            over()
          },
        )
        return answer(200, [], 'kept')
      },
      answered: () => void phases.push('answered'),
      afterRequest: () => void phases.push('after'),
    })
    assert.deepEqual(seen(await gateway.call('http://api.test/')), [200, 'kept', 'yes'])
    await done
    assert.deepEqual(
      phases.filter(phase => phase !== 'after'),
      ['access', 'request', 'request', 'answered', 'over 200'],
    )
    assert.equal(phases.filter(phase => phase === 'after').length, 1)
    assert.deepEqual([calls, gateway.finished.length, gateway.inFlight], [1, 1, 0])
  })
})
