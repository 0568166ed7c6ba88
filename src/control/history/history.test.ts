import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Store } from '../../store/contract.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { openStore } from '../../store/open.ts'
import { testDirectory } from '../../store/testing/directory.ts'
import { scanAll } from '../../store/testing/suite.ts'
import { ControlPlane } from '../control-plane.ts'
import { aRoute, remove, route, team, write } from '../testing/entities.ts'
import type { ChangeRecord, LogRecord } from './change-record.ts'
import { HistoryKeys, numbersPerMillisecond } from './history-keys.ts'
import type { States } from './states.ts'

const who = { clientId: 'key', user: { name: 'Ada', email: 'ada@acme.test' }, from: '192.0.2.7' }

async function started(
  t: TestContext,
  store: Store = createMemoryStore(),
  limits: { versions: number; maxAge: number; total?: number } = { versions: 0, maxAge: 0 },
): Promise<ControlPlane> {
  const control = await ControlPlane.start({ store, history: limits })
  t.after(() => control.close())
  return control
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

const records = (control: ControlPlane): Promise<LogRecord[]> => collected(control.history!.records())
const changesOf = (control: ControlPlane, id: string): Promise<ChangeRecord[]> =>
  collected(control.history!.recordsOf(control.history!.placeOf(route, id)))

async function statesOf(control: ControlPlane, id: string): Promise<(States & { number: number })[]> {
  const history = control.history!
  return Promise.all(
    (await changesOf(control, id)).map(async record => ({
      number: record.number,
      ...(await history.states(record))!,
    })),
  )
}

const change = (control: ControlPlane, id: string, entity: unknown = aRoute(id)) =>
  control.change({ definition: route, id, origin: who, transition: write(entity) })

test('every change leaves who, when, from where and both states, latest first', async t => {
  const control = await started(t)
  const since = Date.now()
  const first = await change(control, 'a')
  const second = await change(control, 'a', aRoute('a', { name: 'other' }))
  const third = await control.change({ definition: route, id: 'a', transition: remove })
  const all = await records(control)
  assert.deepEqual(
    all.map(({ number, action }) => [number, action]),
    [
      [third.number, 'delete'],
      [second.number, 'update'],
      [first.number, 'create'],
    ],
  )
  const update = all[1]!
  assert.ok(update.action === 'update')
  const { clientId, user, from, at, kind, id, place, revision } = update
  assert.deepEqual({ clientId, user, from }, who)
  assert.deepEqual([kind, id, place, revision], ['Route', 'a', 'routes:a', second.revision])
  assert.ok(at >= since && at <= Date.now())
  assert.deepEqual([all[0]!.clientId, all[0]!.user, all[0]!.from], [null, null, null], 'the gateway itself')
  const texts = [first, second].map(({ after }) => after!.json)
  assert.deepEqual(await statesOf(control, 'a'), [
    { number: third.number, before: texts[1], after: null },
    { number: second.number, before: texts[0], after: texts[1] },
    { number: first.number, before: null, after: texts[0] },
  ])
  assert.deepEqual(await changesOf(control, 'a'), all, 'the same records by entity')
  assert.deepEqual(await control.history!.recordOf('routes:a', second.number!), update)
  assert.equal(await control.history!.recordOf('routes:b', second.number!), null)
})

test('what changes nothing, is refused or only tried leaves no version', async t => {
  const control = await started(t)
  await change(control, 'a')
  assert.equal((await change(control, 'a')).number, null)
  await assert.rejects(change(control, 'b', { id: 'b', frontend: 'no' }))
  await control.change({ definition: route, id: 'c', transition: remove })
  control.preview({ definition: route, id: 'd', transition: write(aRoute('d')) })
  assert.equal((await records(control)).length, 1)
})

test('changes of one commit are versions of their own, and numbers are unique', async t => {
  const control = await started(t)
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, (_, i) =>
      change(control, `r${i % 3}`, aRoute(`r${i % 3}`, { name: `v${i}` })),
    ),
  )
  const numbers = outcomes.map(({ number }) => number!)
  assert.equal(new Set(numbers).size, 300)
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  )
  assert.equal((await statesOf(control, 'r1')).length, 100)
})

test('an id that begins like another has no part in its versions', async t => {
  const control = await started(t)
  for (const id of ['a', 'a:b', `a:${'9'.repeat(16)}`, 'a:1:a', 'é'.repeat(500)]) await change(control, id)
  for (const id of ['a', 'a:b', 'a:1:a', 'é'.repeat(500)])
    assert.equal((await statesOf(control, id)).length, 1, id)
})

test('reading goes on from a number', async t => {
  const control = await started(t)
  const numbers: number[] = []
  for (let i = 0; i < 5; i++)
    numbers.unshift((await change(control, 'a', aRoute('a', { name: `${i}` }))).number!)
  const from = numbers[2]!
  const history = control.history!
  const place = history.placeOf(route, 'a')
  assert.deepEqual(
    (await collected(history.records(from))).map(({ number }) => number),
    numbers.slice(2),
  )
  assert.deepEqual(
    (await collected(history.recordsOf(place, from - 1))).map(({ number }) => number),
    numbers.slice(3),
  )
})

test('a team that goes to another organization has its history in both', async t => {
  const control = await started(t)
  const teamIn = (tenant: string) => ({ id: 'one', tenant, name: 'One' })
  const make = (scope: string, tenant: string) =>
    control.change({ definition: team, id: 'one', scope, transition: write(teamIn(tenant)) })
  await make('acme', 'acme')
  const moved = await make('acme', 'other')
  const history = control.history!
  const numbers = async (scope: string) =>
    (await collected(history.recordsOf(history.placeOf(team, 'one', scope)))).map(({ number }) => number)
  assert.deepEqual([(await numbers('acme')).length, await numbers('other')], [2, [moved.number]])
  const record = await history.recordOf('teams:acme:one', moved.number!)
  assert.deepEqual([record?.place, record?.left], ['teams:other:one', 'teams:acme:one'])
  assert.match((await history.states(record!))!.before!, /"acme"/)
})

test('a number that another instance took is exchanged for another', async t => {
  const store = createMemoryStore()
  const [one, two] = [await started(t, store), await started(t, store)]
  const realNow = Date.now
  const realRandom = Math.random
  t.after(() => Object.assign(Date, { now: realNow }))
  t.after(() => Object.assign(Math, { random: realRandom }))
  // Both make the same first number.
  const now = realNow()
  Date.now = () => now
  Math.random = () => 0.5
  const [a, b] = [await change(one, 'a'), await change(two, 'b')]
  assert.notEqual(a.number, b.number)
  assert.equal((await records(one)).length, 2)
})

test('versions beyond the number kept go, the latest stay', async t => {
  const store = createMemoryStore()
  const control = await started(t, store, { versions: 3, maxAge: 0 })
  for (let i = 0; i < 10; i++) await change(control, 'a', aRoute('a', { name: `${i}` }))
  await change(control, 'b')
  await control.history!.cleanUp()
  const names = (await statesOf(control, 'a')).map(({ after }) => JSON.parse(after!).name)
  assert.deepEqual(names, ['9', '8', '7'])
  assert.equal((await records(control)).length, 4)
  assert.equal((await scanAll(store, 'otoroshi:history:')).length, 12, 'nothing is left behind')
})

test('versions that are too old go, from the oldest on', async t => {
  const store = createMemoryStore()
  const control = await started(t, store, { versions: 0, maxAge: 60_000 })
  const keys = new HistoryKeys('otoroshi')
  const old = (age: number): number => (Date.now() - age) * numbersPerMillisecond
  for (const age of [50_000, 70_000, 80_000]) {
    const number = old(age)
    const none = { before: null, after: null }
    const record = {
      number,
      at: Date.now() - age,
      kind: 'Route',
      id: 'a',
      place: 'routes:a',
      action: 'create',
      owners: none,
      digests: none,
    }
    const value = JSON.stringify({ ...record, clientId: null, user: null, from: null, revision: 1 })
    await store.commit([
      { key: keys.record(number), value },
      { key: keys.change('routes:a', number), value: '' },
      { key: keys.state('routes:a', number), value: 'c\n{}' },
    ])
  }
  await change(control, 'b')
  await control.history!.cleanUp()
  assert.equal((await records(control)).length, 2)
  assert.equal((await scanAll(store, 'otoroshi:history:')).length, 6)
})

test('changes beyond the number kept in all go, whatever entities they are of', async t => {
  const store = createMemoryStore()
  const control = await started(t, store, { versions: 0, maxAge: 0, total: 5 })
  for (let i = 0; i < 12; i++) await change(control, `r${i}`)
  await control.history!.cleanUp()
  const kept = (await records(control)).map(record => record.action !== 'import' && record.id)
  assert.deepEqual(kept, ['r11', 'r10', 'r9', 'r8', 'r7'])
  assert.equal((await scanAll(store, 'otoroshi:history:')).length, 15, 'nothing is left behind')
})

test('starting reads no version, and a start without history writes none', async t => {
  const dataDir = testDirectory(t)
  let store = await openStore({ storage: 'sqlite', dataDir })
  let control = await ControlPlane.start({ store, history: { versions: 0, maxAge: 0 } })
  await change(control, 'a')
  await control.close()
  await store.close()
  store = await openStore({ storage: 'sqlite', dataDir })
  const read: string[] = []
  const watched: Store = {
    ...store,
    driver: store.driver,
    durable: store.durable,
    get: key => {
      read.push(key)
      return store.get(key)
    },
    scan: (prefix, from) => {
      read.push(prefix)
      return store.scan(prefix, from)
    },
    commit: (changes, preconditions) => store.commit(changes, preconditions),
    watch: (...listeners) => store.watch(...listeners),
    increment: (...args) => store.increment(...args),
    ping: () => store.ping(),
    close: () => store.close(),
  }
  control = await ControlPlane.start({ store: watched })
  assert.ok(read.length > 20 && !read.some(key => key.startsWith('otoroshi:history')), read.join())
  assert.equal(control.history, null)
  assert.equal((await change(control, 'b')).number, null)
  assert.equal((await scanAll(store, 'otoroshi:history:')).length, 3)
  await control.close()
  await store.close()
})
