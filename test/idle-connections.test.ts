/** Clients that keep their connection and say nothing: what each of them costs. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { getRequest, KeepAliveClient } from './support/keep-alive-client.ts'
import { residentMemory, unmeasurable } from './support/resident-memory.ts'

const CONNECTIONS = 10_000
/** Bytes of resident memory for one of them. */
const ALLOWED = 12 * 1024
/** Connections that are opened at once. */
const WAVE = 100

const request = getRequest('idle.test')
let gateway: TestGateway
let backend: Backend

/** Files a process of ours may open: Node raises its limit to the most it may have. */
function openFiles(): number {
  const most = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  return most === 'unlimited' ? Number.POSITIVE_INFINITY : Number(most)
}

const skip =
  unmeasurable ||
  (openFiles() < CONNECTIONS + 1_000 &&
    `${CONNECTIONS} connections need more open files than this user may have (ulimit -Hn: ${openFiles()})`)

before(async () => {
  if (skip !== false) return
  gateway = await startGateway({ threads: 2, env: { OTOROSHI_SERVER_IDLE_TIMEOUT: '600000' } })
  backend = await startBackend((_request, response) => void response.end('here'))
  await gateway.route({
    id: 'idle',
    name: 'idle',
    frontend: { domains: ['idle.test'] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
  })
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
})

async function asked(client: KeepAliveClient): Promise<void> {
  const { status, body } = await client.ask(request)
  assert.deepEqual([status, body], [200, 'here'])
}

/** Opens connections; each makes one request. */
async function open(count: number): Promise<KeepAliveClient[]> {
  const clients: KeepAliveClient[] = []
  while (clients.length < count) {
    const wave = await Promise.all(Array.from({ length: WAVE }, () => KeepAliveClient.connect(gateway.port)))
    await Promise.all(wave.map(asked))
    clients.push(...wave)
  }
  return clients
}

/** Resident memory once it has come to rest. */
async function atRest(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 10; i++) {
    await new Promise(resolve => setTimeout(resolve, 200))
    least = Math.min(least, residentMemory(gateway.pid))
  }
  return least
}

describe(`${CONNECTIONS} idle connections`, { skip }, () => {
  it('cost little memory each and are all alive afterwards', async () => {
    // The work of as many requests is not what is measured.
    const few = await open(WAVE)
    for (let i = 0; i < CONNECTIONS / WAVE; i++) await Promise.all(few.map(asked))
    const before = await atRest()
    const clients = await open(CONNECTIONS)
    const each = ((await atRest()) - before) / CONNECTIONS
    assert.ok(each <= ALLOWED, `each costs ${(each / 1024).toFixed(1)} KB`)
    for (let i = 0; i < CONNECTIONS; i += WAVE) await Promise.all(clients.slice(i, i + WAVE).map(asked))
    for (const client of [...few, ...clients]) client.close()
  })
})
