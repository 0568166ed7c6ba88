/** Every request is accounted for in the account of an exporter, also when the thread that served it is gone. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { PluginFiles, pluginText } from './support/plugin-files.ts'
import { until } from './support/wait.ts'

/** Answers, or brings its thread down. */
const deadly = pluginText(
  'own.Mortal',
  `{
    backend: ({ request }) => {
      if (request.path === '/exit') process.exit(7)
      return answer(200, [], greeting)
    },
  }`,
)

const files = new PluginFiles()
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-account-'))
const path = join(folder, 'events.log')
let gateway: TestGateway

before(async () => {
  files.put('mortal.ts', deadly)
  gateway = await startGateway({ threads: 2, env: { OTOROSHI_PLUGINS_FOLDER: files.folder } })
  await gateway.route({
    id: 'mortal',
    name: 'mortal',
    frontend: { domains: ['mortal.test'] },
    backend: { targets: [] },
    plugins: [{ plugin: 'own.Mortal' }],
  })
})
after(async () => {
  await gateway.stop()
  files.remove()
  rmSync(folder, { recursive: true })
})

const exporter = (more: Record<string, unknown> = {}) => ({
  id: 'account',
  name: 'account',
  enabled: true,
  type: 'file',
  groupSize: 5,
  groupDuration: 20,
  filtering: { include: [{ '@type': 'GatewayEvent', '@serviceId': 'mortal' }], exclude: [] },
  projection: { url: true, status: 'code' },
  config: { path, maxFileSize: 10_000_000 },
  ...more,
})

async function account() {
  const { json } = await gateway.admin('GET', '/api/events/_ledger')
  const { produced, delivered, dropped, pending } = json.exporters['account']
  const lost = (Object.values(dropped) as number[]).reduce((sum, count) => sum + count, 0)
  assert.equal(produced, delivered + lost + pending, 'the account adds up')
  return { produced, delivered, dropped: dropped as Record<string, number>, pending }
}

const returns = (): number => gateway.output.match(/data-plane thread \d serves again/g)?.length ?? 0

let sent = 0
async function send(count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    assert.equal((await call(gateway.port, `http://mortal.test/${sent++}`)).status, 200)
}

it('over deaths of threads and changes of the exporter', async () => {
  const url = '/apis/events.otoroshi.io/v1/data-exporters'
  assert.equal((await gateway.admin('POST', url, exporter())).status, 201)
  await send(10)
  for (let death = 0; death < 3; death++) {
    await Promise.all([send(7), send(7)])
    await call(gateway.port, 'http://mortal.test/exit').catch(() => {})
    await until('both threads serve', () => returns() === death + 1)
    await send(5)
    const { status } = await gateway.admin('PUT', `${url}/account`, exporter({ groupSize: 3 + death }))
    assert.equal(status, 200)
    await send(5)
  }
  await send(10)
  const settled = await until('all are accounted for', async () => {
    const now = await account()
    return now.produced === sent && now.pending === 0 ? now : null
  })
  const { producer_died: died = 0, ...other } = settled.dropped
  assert.deepEqual(other, {})
  assert.equal(settled.delivered, sent - died)
  const lines = readFileSync(path, 'utf8')
    .split('\r\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
  assert.equal(lines.length, settled.delivered)
  assert.equal(new Set(lines.map(({ url: told }) => told)).size, lines.length)
  assert.ok(lines.every(({ code }) => code === 200))
})
