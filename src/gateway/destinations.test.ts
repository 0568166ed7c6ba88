/** Requests that a plugin sends to other servers than those of the backend. */
import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import type { Destination, PluginDefinition } from '../plugin/contract.ts'
import { schema } from '../schema/index.ts'
import { openRawBackend, plainAnswer } from './testing/test-backend.ts'
import { openTestGateway, testRoute } from './testing/test-gateway.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

/** Sends to the server of `x-to`; keeps what it has made. */
function sender(ports: Record<string, number>, made: Map<string, Destination>): PluginDefinition<never> {
  return {
    id: 'sender',
    name: 'Sender',
    description: 'Sends requests elsewhere.',
    family: 'test',
    steps: ['PreRoute'],
    config: schema.looseObject({}) as never,
    setup: (_config, services) => {
      for (const [name, port] of Object.entries(ports))
        made.set(name, services.destination({ targets: [{ hostname: '127.0.0.1', port }], root: '/new/' }))
      return {
        preRoute(exchange) {
          const to = made.get(exchange.request.headers.get('x-to') ?? '')
          if (to !== undefined) exchange.sendTo(to)
        },
      }
    },
  }
}

it('go there, under its root, and end there when it is let go meanwhile', async () => {
  let finish: (() => void) | null = null
  const home = await openRawBackend(socket => void socket.write(plainAnswer('home')))
  const other = await openRawBackend((socket, head) => {
    const path = head.split(' ', 2)[1]
    if (path === '/new/slow') finish = () => void socket.write(plainAnswer(`other ${path}`))
    else socket.write(plainAnswer(`other ${path}`))
  })
  const made = new Map<string, Destination>()
  const gateway = await openTestGateway({ plugins: [sender({ other: other.port }, made)] })
  open.push(gateway, home, other)
  await gateway.write(['Route', testRoute('r', 'r.test', home.port, { plugins: [{ plugin: 'sender' }] })])
  const get = async (path: string, to?: string) => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
      headers: { 'X-Forwarded-Host': 'r.test', ...(to !== undefined && { 'X-To': to }) },
    })
    return [response.status, await response.text()]
  }
  assert.deepEqual(await get('/a'), [200, 'home'])
  assert.deepEqual(await get('/a', 'other'), [200, 'other /new/a'])
  const slow = get('/slow', 'other')
  while (finish === null) await new Promise(resolve => setTimeout(resolve, 5))
  made.get('other')!.release()
  ;(finish as () => void)()
  assert.deepEqual(await slow, [200, 'other /new/slow'])
  // Whoever sends there now has made a mistake: the request is closed, and never goes where nobody said.
  assert.equal((await get('/a', 'other'))[0], 500)
  assert.deepEqual(await get('/a'), [200, 'home'])
})

it('that are no targets close the route', async () => {
  const gateway = await openTestGateway({ plugins: [sender({ bad: 0 }, new Map())] })
  open.push(gateway)
  await gateway.write(['Route', testRoute('r', 'r.test', 1, { plugins: [{ plugin: 'sender' }] })])
  const response = await fetch(`http://127.0.0.1:${gateway.port}/`, {
    headers: { 'X-Forwarded-Host': 'r.test' },
  })
  assert.equal(response.status, 503)
  assert.match(response.headers.get('otoroshi-error-reason')!, /^plugin\.setup_failed/)
})
