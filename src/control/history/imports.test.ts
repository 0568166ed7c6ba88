import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Store, StoreUnavailable } from '../../store/contract.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { scanAll } from '../../store/testing/suite.ts'
import { ControlPlane } from '../control-plane.ts'
import { aRoute, globalConfig, remove, route, write } from '../testing/entities.ts'
import { replacing } from '../testing/replacement.ts'
import type { ChangeRecord, LogRecord } from './change-record.ts'

const who = { clientId: 'key', user: null, from: '192.0.2.7' }

async function started(t: TestContext, store: Store = createMemoryStore(), versions = 0) {
  const control = await ControlPlane.start({ store, history: { versions, maxAge: 0 } })
  t.after(() => control.close())
  return control
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

const log = (control: ControlPlane): Promise<LogRecord[]> => collected(control.history!.records())
const changesOf = (control: ControlPlane, id: string): Promise<ChangeRecord[]> =>
  collected(control.history!.recordsOf(`routes:${id}`))
const put = (control: ControlPlane, id: string, more: Record<string, unknown> = {}) =>
  control.change({ definition: route, id, transition: write(aRoute(id, more)) })

test('an import is one change of the instance, and a version of each entity it changes', async t => {
  const control = await started(t)
  for (const id of ['same', 'other', 'gone']) await put(control, id)
  const entities = [aRoute('same'), aRoute('other', { name: 'imported' }), aRoute('new')]
  const { number } = await control.replaceAll(replacing(entities, who))
  const all = await log(control)
  assert.equal(all.length, 4)
  const { at, ...record } = all[0]!
  assert.ok(Date.now() - at < 60_000)
  assert.deepEqual(record, {
    number,
    action: 'import',
    created: 1,
    updated: 1,
    removed: 1,
    ...who,
    revision: control.revision,
  })
  const of = async (id: string) => {
    const [latest] = await changesOf(control, id)
    return latest!.imported === true ? [latest!.number, latest!.action, latest!.clientId] : null
  }
  assert.deepEqual(await of('new'), [number, 'create', 'key'])
  assert.deepEqual(await of('other'), [number, 'update', 'key'])
  assert.deepEqual(await of('gone'), [number, 'delete', 'key'])
  assert.equal(await of('same'), null)
  const [latest, first] = await changesOf(control, 'other')
  const states = await control.history!.states(latest!)
  assert.deepEqual(
    [states!.before, states!.after].map(text => JSON.parse(text!).name),
    ['route other', 'imported'],
  )
  assert.equal(latest!.digests.before, first!.digests.after)
  assert.equal(await control.history!.recordOf('routes:same', number!), null, 'no change of this one')
  const parts = (await collected(control.history!.imported(number!))).flat()
  assert.deepEqual(parts.map(part => part!.key).sort(), [
    'otoroshi:routes:gone',
    'otoroshi:routes:new',
    'otoroshi:routes:other',
  ])
})

test('an import that changes nothing leaves no record', async t => {
  const control = await started(t)
  await put(control, 'a')
  assert.equal((await control.replaceAll(replacing([aRoute('a')], who))).number, null)
  assert.equal((await log(control)).length, 1)
})

test('the check of an import is asked before anything is decided', async t => {
  const control = await started(t)
  await put(control, 'a')
  const refused = {
    ...replacing([], who),
    check(find: (definition: typeof route, key: string) => unknown) {
      if (find(route, 'otoroshi:routes:a') !== null) throw new RangeError('there')
    },
  }
  await assert.rejects(control.replaceAll(refused), RangeError)
  assert.ok(control.get(route, 'a') !== null)
  await control.change({ definition: route, id: 'a', transition: remove })
  await control.replaceAll(refused)
})

test('imports go with the versions of their entities when there are too many of them', async t => {
  const store = createMemoryStore()
  const control = await started(t, store, 2)
  for (let i = 0; i < 5; i++)
    await control.replaceAll(replacing([aRoute('a', { name: `${i}` }), aRoute(`once${i}`)], who))
  await control.history!.cleanUp()
  const left = await log(control)
  assert.deepEqual(
    left.map(({ action }) => action),
    ['import', 'import'],
  )
  assert.equal((await changesOf(control, 'a')).length, 2)
  assert.equal((await changesOf(control, 'once0')).length, 0)
  const parts = await Promise.all(
    left.map(async ({ number }) => (await collected(control.history!.imported(number))).flat().length),
  )
  assert.deepEqual(parts, [3, 3])
  // Log and list of imports, and for each entity the entry and its states.
  assert.equal((await scanAll(store, 'otoroshi:history:')).length, 2 * 2 + 2 * 6)
})

test('a part of an import goes without the others', async t => {
  const store = createMemoryStore()
  const control = await started(t, store, 2)
  await control.replaceAll(replacing([aRoute('a'), aRoute('b')], who))
  for (let i = 0; i < 2; i++) await put(control, 'a', { name: `${i}` })
  await control.history!.cleanUp()
  assert.deepEqual(
    (await changesOf(control, 'a')).map(({ action }) => action),
    ['update', 'update'],
  )
  const [version] = await changesOf(control, 'b')
  assert.equal((await control.history!.states(version!))!.before, null)
})

test('what a first start writes is in the history too', async t => {
  const control = await ControlPlane.start({
    store: createMemoryStore(),
    history: {},
    initial: () => [
      { definition: globalConfig, entity: {} },
      { definition: route, entity: aRoute('first') },
    ],
  })
  t.after(() => control.close())
  const all = await log(control)
  assert.deepEqual(
    all.map(record => record.action !== 'import' && [record.action, record.kind, record.clientId]),
    [
      ['create', 'Route', null],
      ['create', 'GlobalConfig', null],
    ],
  )
  assert.equal((await control.history!.states((await changesOf(control, 'first'))[0]!))!.before, null)
})

test('a store that refuses leaves neither the entity nor its version', async t => {
  const store = createMemoryStore()
  let refusing = false
  const unreliable: Store = {
    ...store,
    async commit(changes, preconditions) {
      if (refusing) throw new StoreUnavailable('the disk is full')
      return store.commit(changes, preconditions)
    },
  }
  const control = await started(t, unreliable)
  await put(control, 'a')
  const before = await scanAll(store, '')
  refusing = true
  await assert.rejects(put(control, 'a', { name: 'lost' }), StoreUnavailable)
  await assert.rejects(put(control, 'b'), StoreUnavailable)
  await assert.rejects(control.replaceAll(replacing([aRoute('c')], who)), StoreUnavailable)
  assert.deepEqual(await scanAll(store, ''), before)
  refusing = false
  const { number } = await put(control, 'a', { name: 'later' })
  assert.equal((await changesOf(control, 'a'))[0]!.number, number)
})
