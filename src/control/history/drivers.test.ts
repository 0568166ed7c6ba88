/** The history on every store: what is recorded is there after a restart, in order, and goes when it is too much. */
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Store } from '../../store/contract.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { openStore } from '../../store/open.ts'
import { openPostgresStore } from '../../store/postgres.ts'
import { openRedisStore } from '../../store/redis.ts'
import { testDirectory } from '../../store/testing/directory.ts'
import { postgresMissing, TestPostgres } from '../../store/testing/postgres-server.ts'
import { redisMissing, startServer, type TestServer } from '../../store/testing/redis-server.ts'
import { targetAt } from '../../store/testing/redis-target.ts'
import { scanAll } from '../../store/testing/suite.ts'
import { ControlPlane } from '../control-plane.ts'
import { aRoute, remove, route, write } from '../testing/entities.ts'
import { replacing } from '../testing/replacement.ts'
import { ownOrigin } from './change-record.ts'

/** Prepares one store; answers the way to open it, again and again. */
type Prepare = (t: TestContext) => Promise<() => Promise<Store>>

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

function historySuite(name: string, prepare: Prepare): void {
  test(`${name}: versions outlive a restart and are found by entity, by number and in all`, async t => {
    const open = await prepare(t)
    const limits = { versions: 3, maxAge: 0 }
    const first = await started(t, await open(), limits)
    const change = (control: ControlPlane, id: string, text: string) =>
      control.change({ definition: route, id, transition: write(aRoute(id, { name: text })) })
    const numbers: number[] = []
    for (let i = 0; i < 5; i++) numbers.unshift((await change(first.control, 'a', `${i}`)).number!)
    const other = await change(first.control, 'a:b', 'other')
    await first.stop()

    const { control, store, stop } = await started(t, await open(), limits)
    const history = control.history!
    const found = await collected(history.recordsOf('routes:a'))
    assert.deepEqual(
      found.map(({ number }) => number),
      numbers,
    )
    const log = (await collected(history.records())).map(({ number }) => number)
    assert.deepEqual(log, [other.number, ...numbers])
    const second = await history.states((await history.recordOf('routes:a', numbers[2]!))!)
    assert.deepEqual(
      [second!.before, second!.after].map(text => JSON.parse(text!).name),
      ['1', '2'],
    )
    const gone = await control.change({ definition: route, id: 'a', transition: remove })
    const imported = await control.replaceAll(replacing([aRoute('a'), aRoute('c')], ownOrigin))
    assert.deepEqual(
      (await collected(history.records())).slice(0, 2).map(({ action }) => action),
      ['import', 'delete'],
    )
    assert.equal((await collected(history.imported(imported.number!))).flat().length, 3)
    await history.cleanUp()
    assert.deepEqual(
      (await collected(history.recordsOf('routes:a'))).map(({ number }) => number),
      [imported.number, gone.number, numbers[0]],
    )
    assert.equal((await scanAll(store, 'otoroshi:history:of:')).length, 3 + 2 + 1 + 1)
    await stop()
  })
}

async function started(t: TestContext, store: Store, limits: { versions: number; maxAge: number }) {
  let open = true
  const control = await ControlPlane.start({ store, history: limits })
  const stop = async (): Promise<void> => {
    if (!open) return
    open = false
    await control.close()
    // The memory store has nothing to come back to.
    if (store.driver !== 'inmemory') await store.close()
  }
  t.after(stop)
  return { control, store, stop }
}

historySuite('memory', async () => {
  const store = createMemoryStore()
  return async () => store
})
for (const storage of ['sqlite', 'file'])
  historySuite(storage, async t => {
    const dataDir = testDirectory(t)
    return () => openStore({ storage, dataDir })
  })

describe('on a server', { skip: redisMissing }, () => {
  let server: TestServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.remove())
  historySuite('redis', async () => {
    return () => openRedisStore({ root: 'otoroshi', lookEvery: 60_000, target: targetAt(server.port) })
  })
})

describe('on a database', { skip: postgresMissing }, () => {
  let server: TestPostgres
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())
  historySuite('postgresql', async () => {
    return () => openPostgresStore({ target: server.target(), root: 'otoroshi', lookEvery: 60_000 })
  })
})
