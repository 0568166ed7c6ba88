/** Active health checks of a running gateway: rounds over real connections, seen by every thread. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, type Seen, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-health-'))
const LOGIC = 'otoroshi-health-check-logic-test'
let gateway: TestGateway
/** How the second backend answers checks. */
let state: (request: Seen, response: ServerResponse) => void
const backends: Backend[] = []

const well = (request: Seen, response: ServerResponse): void => {
  const number = request.headers[LOGIC]
  if (number !== undefined) response.setHeader(`${LOGIC}-result`, Number(number) + 42)
  response.end('all is well')
}

before(async () => {
  for (const name of ['one', 'two'])
    backends.push(
      await startBackend((request, response) => {
        response.setHeader('Content-Type', 'text/plain')
        if (!request.url.startsWith('/health')) response.end(name)
        else if (name === 'one') well(request, response)
        else state(request, response)
      }),
    )
  gateway = await startGateway({
    threads: 2,
    env: {
      OTOROSHI_HEALTHCHECK_INITIAL_DELAY: '50',
      OTOROSHI_HEALTHCHECK_INTERVAL: '150',
      OTOROSHI_HEALTHCHECK_TTL: '1000',
      OTOROSHI_HEALTHCHECK_TTL_ONLY: 'false',
    },
  })
})
after(async () => {
  await gateway.stop()
  for (const backend of backends) await backend.close()
  rmSync(folder, { recursive: true })
})

const backendOf = (health: Record<string, unknown>) => ({
  targets: backends.map(({ port }) => ({ hostname: '127.0.0.1', port })),
  health_check: { enabled: true, url: '/health?deep', timeout: 300, blockOnRed: true, ...health },
})

const route = (id: string, more: Record<string, unknown>) => ({
  id,
  name: id,
  frontend: { domains: [`${id}.test`] },
  ...more,
})

/** Who answers a route, over enough fresh connections to meet every thread. */
async function answering(id: string): Promise<string> {
  const got = await Promise.all(Array.from({ length: 16 }, () => call(gateway.port, `http://${id}.test/`)))
  return [...new Set(got.map(({ body, headers }) => headers['otoroshi-error-reason'] ?? body))].sort().join()
}

const becomes = (id: string, who: string) =>
  until(`${who} answers for ${id}`, async () => (await answering(id)) === who)

describe('a health check', () => {
  it('takes a target out that answers wrongly, on every thread, and brings it back', async () => {
    state = well
    await gateway.route(route('statuses', { backend: backendOf({}) }))
    await until('it is asked', () => backends[1]!.seen.some(seen => seen.url === '/health?deep'))
    assert.equal(await answering('statuses'), 'one,two')
    state = (_request, response) => response.writeHead(500).end()
    await becomes('statuses', 'one')
    await new Promise(resolve => setTimeout(resolve, 1500))
    assert.equal(await answering('statuses'), 'one', 'it stays out while it is ill')
    state = well
    await becomes('statuses', 'one,two')
    assert.match(gateway.output, /target http:\/\/127\.0\.0\.1:\d+ of route statuses is RED \(status 500\)/)
  })

  it('looks at the statuses and the body that the backend names', async () => {
    state = (_request, response) => response.writeHead(204).end()
    await gateway.route(
      route('listed', { backend: backendOf({ healthyStatuses: [200], healthyRegexChecks: ['.*is well'] }) }),
    )
    await becomes('listed', 'one')
    state = (_request, response) => response.end('all is lost')
    await new Promise(resolve => setTimeout(resolve, 400))
    await becomes('listed', 'one')
    state = well
    await becomes('listed', 'one,two')
  })

  it('that gets no answer takes the target out whatever the backend says', async () => {
    state = well
    // Marks are the server's: those that other routes set would count here, too.
    for (const id of ['statuses', 'listed']) await gateway.admin('DELETE', `/api/routes/${id}`)
    await gateway.route(route('silent', { backend: backendOf({ blockOnRed: false }) }))
    await becomes('silent', 'one,two')
    state = (_request, response) => response.writeHead(500).end()
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(await answering('silent'), 'one,two', 'RED alone leaves it in')
    state = () => {}
    await becomes('silent', 'one')
    state = well
    await becomes('silent', 'one,two')
  })

  it('follows the backend a route names, its changes and its end', async () => {
    const path = '/apis/proxy.otoroshi.io/v1/backends'
    const stored = { id: 'shared', name: 'shared', backend: backendOf({ url: '/health-of-shared' }) }
    assert.equal((await gateway.admin('POST', path, stored)).status, 201)
    await gateway.route(route('named', { backend_ref: 'shared' }))
    const asked = () => backends[1]!.seen.filter(seen => seen.url.startsWith('/health-of')).at(-1)?.url
    await until('it is asked', () => asked() === '/health-of-shared')
    const changed = { ...stored, backend: backendOf({ url: '/health-of-changed' }) }
    assert.equal((await gateway.admin('PUT', `${path}/shared`, changed)).status, 200)
    await until('the change is followed', () => asked() === '/health-of-changed')
    assert.equal((await gateway.admin('DELETE', '/apis/proxy.otoroshi.io/v1/routes/named')).status, 200)
    await new Promise(resolve => setTimeout(resolve, 300))
    const before = backends[1]!.seen.filter(seen => seen.url === '/health-of-changed').length
    await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal(backends[1]!.seen.filter(seen => seen.url === '/health-of-changed').length, before)
  })

  it('is told as an event', async () => {
    const path = join(folder, 'checks.log')
    const created = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
      id: 'checks',
      name: 'checks',
      enabled: true,
      groupDuration: 50,
      type: 'file',
      filtering: { include: [{ '@type': 'HealthCheckEvent', '@serviceId': 'silent' }], exclude: [] },
      config: { path, maxFileSize: 10_000_000 },
    })
    assert.equal(created.status, 201, created.text)
    const line = await until('an event is there', () =>
      existsSync(path) ? readFileSync(path, 'utf8').split('\r\n')[0] : undefined,
    )
    const event = JSON.parse(line)
    const { url, status, logicCheck, health } = event
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/health\?deep$/)
    assert.deepEqual([status, logicCheck, health, event['@service']], [200, true, 'GREEN', 'silent'])
  })
})
