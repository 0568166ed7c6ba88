/** A gateway whose disk is full: writes are refused with a reason and leave no trace, everything else goes on. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { exported, imports, routeTo, serves } from './support/exports.ts'
import { failedStart } from './support/failed-start.ts'
import { type AdminAnswer, startGateway, type TestGateway } from './support/gateway.ts'
import { noSmallDisk, SmallDisk } from './support/small-disk.ts'
import { steadyClients } from './support/steady-clients.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
const megabyte = 1024 * 1024
const ndjson = { 'Content-Type': 'application/x-ndjson' }

let backend: Backend

before(async () => {
  backend = await startBackend((_request, response) => void response.end('served'))
})
after(() => backend.close())

const routeOf = (id: string, more: Record<string, unknown> = {}) => routeTo(backend.port, id, more)
/** One that no compression makes small. Units of text. */
const bigRoute = (id: string, length = 100_000) =>
  routeOf(id, { description: randomBytes(length / 2).toString('hex') })

for (const storage of ['sqlite', 'file'])
  describe(`a full disk under ${storage}`, { skip: noSmallDisk }, () => {
    let disk: SmallDisk
    let gateway: TestGateway
    /** Texts of what was acknowledged, by id. */
    const acknowledged = new Map<string, string>()
    const refused: string[] = []

    before(async () => {
      disk = SmallDisk.mount('16m')
      disk.occupy(2 * megabyte)
      gateway = await start()
      await gateway.route(routeOf('traffic'))
    })
    after(async () => {
      await gateway?.stop()
      disk?.unmount()
    })

    const start = (): Promise<TestGateway> =>
      startGateway({
        dataDir: disk.path,
        threads: 2,
        // Nothing is written but what these tests write: counted calls wait.
        env: { OTOROSHI_STORAGE: storage, OTOROSHI_LIMITS_STORE_EVERY: '600000' },
      })

    async function create(id: string, length?: number): Promise<AdminAnswer> {
      const route = bigRoute(id, length)
      const answer = await gateway.admin('POST', routes, route)
      if (answer.status === 201) acknowledged.set(id, JSON.parse(JSON.stringify(route)).description)
      else {
        refused.push(id)
        isFull(answer)
      }
      return answer
    }

    /** What is there is what was acknowledged, to the letter; every route has the one version of its creation. */
    async function intact(): Promise<void> {
      const { routes: stored } = await exported(gateway)
      const found = new Map<string, string>()
      for (const { id, description } of stored) if (/^big-/.test(id)) found.set(id, description)
      assert.deepEqual([...found.keys()].sort(), [...acknowledged.keys()].sort())
      for (const [id, text] of acknowledged) assert.ok(found.get(id) === text, `${id} has another text`)
      for (const id of acknowledged.keys()) {
        const { json } = await gateway.admin('GET', `${routes}/${id}/_versions`)
        assert.deepEqual(
          json.map(({ action }: { action: string }) => action),
          ['create'],
          id,
        )
      }
      for (const id of refused) {
        assert.equal((await gateway.admin('GET', `${routes}/${id}`)).status, 404)
        const { text } = await gateway.admin('GET', `/api/history?id=${id}`)
        assert.equal(text.trim(), '[]')
      }
    }

    it('refuses writes with a reason; traffic, reads and what fits go on', async t => {
      const clients = steadyClients(gateway.port, 'http://traffic.test/', 2)
      try {
        for (let i = 0; (await create(`big-${i}`)).status === 201; i++) assert.ok(i < 300, 'it is never full')
        // Many at once: each is judged by itself, some may still fit.
        await Promise.all(Array.from({ length: 40 }, (_, i) => create(`big-many-${i}`, 40_000)))
        assert.ok(refused.length > 1, `${refused.length} refused`)
        assert.equal((await gateway.admin('GET', `${routes}/traffic`)).status, 200)
        await intact()
      } finally {
        const outcomes = await clients.stop()
        assert.deepEqual([...outcomes.keys()], ['200 served'])
        t.diagnostic(
          `${acknowledged.size} writes, then ${refused.length} refused; ${outcomes.get('200 served')} requests meanwhile`,
        )
      }
    })

    it('refuses an import as a whole, and each line of a bulk', async () => {
      const content = await exported(gateway)
      const imported = { ...content, routes: [...content.routes, bigRoute('big-import', 4_000_000)] }
      isFull(await imports(gateway, imported))
      refused.push('big-import')
      const ids = ['big-line-1', 'big-line-2']
      const lines = ids.map(id => JSON.stringify(bigRoute(id, 4_000_000))).join('\n')
      const bulk = await gateway.admin('POST', `${routes}/_bulk`, lines, ndjson)
      refused.push(...ids)
      for (const line of bulk.text.trim().split('\n')) {
        const { status, reason } = JSON.parse(line)
        assert.deepEqual([status, reason], [507, 'admin.store_full'])
      }
      await intact()
    })

    it('is told in the log, and not with every write', () => {
      const told = gateway.output.match(/^.*changes are refused.*$/gm) ?? []
      assert.ok(told.length >= 1 && told.length < 4, told.join('\n'))
      assert.match(told[0]!, /full|ENOSPC/)
    })

    it('a gateway that is killed starts again without room, and serves', async () => {
      await gateway.stop('SIGKILL')
      gateway = await start()
      await serves(gateway, 'traffic')
      await intact()
      assert.equal((await create('big-still-full', 4_000_000)).status, 507)
    })

    it('writes again when there is room, without a restart', async t => {
      disk.free()
      const began = performance.now()
      assert.equal((await create('big-after')).status, 201)
      t.diagnostic(`written ${(performance.now() - began).toFixed(0)} ms after there was room`)
      const deleted = await gateway.admin('DELETE', `${routes}/big-after`)
      assert.equal(deleted.status, 200)
      acknowledged.delete('big-after')
      await intact()
    })

    it('lost nothing when it is started again', async () => {
      disk.resize('64m')
      await gateway.stopKeeping()
      gateway = await start()
      await intact()
      await serves(gateway, 'traffic')
      if (storage === 'file') {
        const sizes = new Map(
          readdirSync(disk.path).map(name => [name, statSync(join(disk.path, name)).size]),
        )
        assert.equal(sizes.get('state.ndjson.journal'), 0, 'the journal went into the file')
        assert.equal(sizes.has('state.ndjson.new'), false)
      }
    })
  })

describe('a first start', { skip: noSmallDisk }, () => {
  for (const storage of ['sqlite', 'file'])
    it(`without room is one sentence (${storage})`, async () => {
      const disk = SmallDisk.mount('12k')
      try {
        disk.occupy(8 * 1024)
        const { code, output } = await failedStart({ dataDir: disk.path, env: { OTOROSHI_STORAGE: storage } })
        assert.equal(code, 1)
        const sentences = output.split('\n').filter(line => line.startsWith('otoroshi: '))
        assert.equal(sentences.length, 1, output)
        assert.match(sentences[0]!, /data file.* cannot .*(full|ENOSPC)/)
        assert.doesNotMatch(output, / at .*\.ts:/)
      } finally {
        disk.unmount()
      }
    })
})

function isFull({ status, json, text, headers }: AdminAnswer): void {
  assert.deepEqual([status, json?.reason], [507, 'admin.store_full'], text)
  assert.equal(headers.get('otoroshi-error-reason'), 'admin.store_full')
  assert.match(json.error_description, /no room left, nothing was written/)
}
