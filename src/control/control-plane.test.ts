import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import type { EntityDefinition } from '../model/entity.ts'
import { type Store, StoreConflict, StoreUnavailable } from '../store/contract.ts'
import { EntityStore } from '../store/entities.ts'
import { createMemoryStore } from '../store/memory.ts'
import { openStore } from '../store/open.ts'
import { ControlPlaneClosed, InvalidEntity, type Transition } from './change.ts'
import { ControlPlane } from './control-plane.ts'
import { applyDelta, RecordingAudience, type Replica, withTexts } from './testing/audience.ts'
import {
  aRoute,
  backend,
  globalConfig,
  organization,
  remove,
  route,
  team,
  tenant,
  write,
} from './testing/entities.ts'

/** A store whose commits and reads can be watched and made to fail. */
function unreliable(store: Store) {
  const state = { commits: 0, fail: null as unknown, failReads: null as unknown, before: async () => {} }
  const wrapped: Store = {
    ...store,
    async get(key) {
      if (state.failReads !== null) throw state.failReads
      return store.get(key)
    },
    async commit(changes, preconditions) {
      state.commits++
      await state.before()
      if (state.fail !== null) throw state.fail
      return store.commit(changes, preconditions)
    },
  }
  return { store: wrapped, state }
}

async function started(store: Store = createMemoryStore(), audience = new RecordingAudience()) {
  const failures: unknown[] = []
  const control = await ControlPlane.start({ store, turn: 60_000, onFailure: e => failures.push(e) })
  control.connect(audience)
  audience.control = control
  return { control, audience, store, failures }
}

function put(control: ControlPlane, id: string, more: Record<string, unknown> = {}) {
  return control.change({ definition: route, id, transition: write(aRoute(id, more)) })
}

test('a write is stored, indexed, published, and only then answered', async () => {
  const { control, audience, store } = await started()
  const order: string[] = []
  audience.answer = async delta => {
    order.push('published')
    return [{ revision: delta.revision, faults: [] }]
  }
  const outcome = await put(control, 'r1')
  order.push('answered')
  assert.deepEqual(order, ['published', 'answered'])
  assert.equal(outcome.revision, 2)
  assert.equal(outcome.before, null)
  assert.equal(outcome.changed, true)
  assert.equal(await store.get('otoroshi:routes:r1'), outcome.after?.json)
  assert.deepEqual(control.get(route, 'r1'), outcome.after)
  assert.deepEqual(audience.deltas, [
    {
      revision: 2,
      full: false,
      writes: [{ kind: 'Route', id: 'r1', json: outcome.after!.json }],
      removals: [],
    },
  ])
})

test('writes that wait together share one commit and one revision, and each sees the ones before', async () => {
  const { store, state } = unreliable(createMemoryStore())
  const { control, audience } = await started(store)
  const count: Transition = current => {
    const n = current === null ? 0 : Number((current.view()['metadata'] as Record<string, string>)['n'])
    return { action: 'write', entity: aRoute('r', { metadata: { n: `${n + 1}` } }) }
  }
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, () => control.change({ definition: route, id: 'r', transition: count })),
  )
  assert.equal(state.commits, 1)
  assert.equal(audience.deltas.length, 1)
  assert.equal(audience.deltas[0]!.writes.length, 1)
  assert.equal((control.get(route, 'r')!.view()['metadata'] as Record<string, string>)['n'], '200')
  assert.ok(outcomes.every(o => o.revision === 2))
})

test('a change that is refused takes nobody with it', async () => {
  const { control, audience } = await started()
  const results = await Promise.allSettled([
    put(control, 'a'),
    control.change({ definition: route, id: 'b', transition: write({ id: 'b' }) }),
    control.change({ definition: route, id: 'c', transition: write(aRoute('other')) }),
    control.change({
      definition: route,
      id: 'd',
      transition() {
        throw new RangeError('no')
      },
    }),
    control.change({ definition: route, id: 'x\uD800', transition: write(aRoute('x\uD800')) }),
    put(control, 'e'),
  ])
  assert.deepEqual(
    results.map(r => (r.status === 'fulfilled' ? 'ok' : (r.reason as Error).name)),
    ['ok', 'InvalidEntity', 'InvalidEntity', 'RangeError', 'InvalidEntity', 'ok'],
  )
  assert.deepEqual(
    audience.deltas[0]!.writes.map(w => w.id),
    ['a', 'e'],
  )
  const invalid = (results[1] as PromiseRejectedResult).reason as InvalidEntity
  assert.ok(invalid.faults.some(f => f.path === 'name'))
})

test('a failing store publishes nothing and changes nothing', async () => {
  const { store, state } = unreliable(createMemoryStore())
  const { control, audience } = await started(store)
  await put(control, 'r', { description: 'first' })
  state.fail = new StoreUnavailable('disk full')
  await assert.rejects(put(control, 'r', { description: 'second' }), StoreUnavailable)
  await assert.rejects(control.change({ definition: route, id: 'r', transition: remove }), StoreUnavailable)
  assert.equal(control.revision, 2)
  assert.equal(audience.deltas.length, 1)
  assert.equal(control.get(route, 'r')!.view()['description'], 'first')
  state.fail = null
  assert.equal((await put(control, 'r', { description: 'third' })).revision, 3)
})

test('an unchanged entity makes no commit and no revision', async () => {
  const { store, state } = unreliable(createMemoryStore())
  const { control, audience } = await started(store)
  await put(control, 'r')
  const again = await put(control, 'r')
  const gone = await control.change({ definition: route, id: 'none', transition: remove })
  const kept = await control.change({ definition: route, id: 'r', transition: () => ({ action: 'keep' }) })
  assert.deepEqual([again.changed, gone.changed, kept.changed], [false, false, false])
  assert.equal(state.commits, 1)
  assert.equal(audience.deltas.length, 1)
})

test('kinds the data plane does not need are stored without a revision', async () => {
  const { control, audience, store } = await started()
  await control.change({ definition: organization, id: 'o', transition: write({ id: 'o', name: 'O' }) })
  assert.equal(audience.deltas.length, 0)
  assert.equal(control.revision, 1)
  assert.notEqual(await store.get('otoroshi:tenants:o'), null)
  assert.equal(control.get(tenant, 'o')?.id, 'o', 'the alias shows it')
  assert.equal(control.list(tenant).length, 1)
})

test('teams of two organizations may have one id, and a team may move', async () => {
  const { control, store } = await started()
  const put = (id: string, tenant: string, scope = tenant) =>
    control.change({
      definition: team,
      id,
      scope,
      transition: write({ id, tenant, name: `${tenant} ${id}` }),
    })
  await Promise.all([put('t', 'a'), put('t', 'b')])
  assert.equal(control.count(team), 2)
  assert.equal(control.get(team, 't', 'b')?.view()['tenant'], 'b')
  assert.equal(control.get(team, 'a:t')?.view()['tenant'], 'a')
  await put('t', 'c', 'b')
  assert.equal(await store.get('otoroshi:teams:b:t'), null)
  assert.equal(control.get(team, 't', 'c')?.view()['tenant'], 'c')
  await assert.rejects(put('t', 'a', 'c'), InvalidEntity)
  assert.equal(control.count(team), 2)
})

test('revisions are published in order, one at a time', async () => {
  const { control, audience } = await started()
  const writers = Array.from({ length: 20 }, async (_, i) => {
    for (let n = 0; n < 5; n++) {
      await put(control, `r${i}`, { description: `${n}` })
      assert.equal(audience.replica.get(`Route/r${i}`), control.get(route, `r${i}`)!.json)
    }
  })
  await Promise.all(writers)
  assert.equal(audience.overlapped, false)
  assert.deepEqual(
    audience.deltas.map(d => d.revision),
    audience.deltas.map((_, i) => i + 2),
  )
})

test('what others write into the store is picked up', async () => {
  const store = createMemoryStore()
  const { control, audience } = await started(store)
  const other = new EntityStore(store)
  await other.put(route, aRoute('x'))
  await tick()
  await control.idle()
  assert.equal(control.get(route, 'x')?.view()['name'], 'route x')
  await other.remove(route, 'x')
  await tick()
  await control.idle()
  assert.equal(control.get(route, 'x'), null)
  assert.deepEqual(
    audience.deltas.map(d => [d.writes.length, d.removals.length]),
    [
      [1, 0],
      [0, 1],
    ],
  )
  await store.commit([{ key: 'somebody:else', value: '1' }])
  await tick()
  await control.idle()
  assert.equal(control.revision, 3)
})

test('a write that another process outran is decided again on what that one wrote', async () => {
  const shared = createMemoryStore()
  const { store, state } = unreliable({ ...shared, watch: () => () => {} })
  const { control } = await started(store)
  await put(control, 'r', { description: 'ours' })
  let raced = false
  state.before = async () => {
    if (raced) return
    raced = true
    await new EntityStore(shared).put(route, aRoute('r', { description: 'theirs' }))
  }
  const seen: unknown[] = []
  await control.change({
    definition: route,
    id: 'r',
    transition(current) {
      seen.push(current?.view()['description'])
      return { action: 'write', entity: { ...current?.view(), enabled: false } }
    },
  })
  assert.deepEqual(seen, ['ours', 'theirs'])
  assert.equal(control.get(route, 'r')?.view()['description'], 'theirs')
  assert.equal(control.get(route, 'r')?.view()['enabled'], false)
})

test('a writer that never gets through is told so', async () => {
  const { store, state } = unreliable(createMemoryStore())
  const { control } = await started(store)
  state.fail = new StoreConflict('otoroshi:routes:r')
  await assert.rejects(put(control, 'r'), StoreConflict)
  assert.equal(state.commits, 6)
  state.fail = null
  await put(control, 'r')
})

test('a change the store refuses fails alone, and so does the writer of a contested key', async () => {
  for (const refusal of [new Error('no such row'), new StoreConflict('otoroshi:routes:bad')]) {
    const memory = createMemoryStore()
    const { control } = await started({
      ...memory,
      async commit(changes, preconditions) {
        if (changes.some(change => change.key.endsWith(':bad'))) throw refusal
        return memory.commit(changes, preconditions)
      },
    })
    const ids = ['a', 'bad', 'c', 'd']
    const results = await Promise.allSettled(ids.map(id => put(control, id)))
    assert.deepEqual(
      results.map(r => (r.status === 'fulfilled' ? 'ok' : r.reason)),
      ['ok', refusal, 'ok', 'ok'],
    )
    assert.deepEqual(
      control.list(route).map(e => e.id),
      ['a', 'c', 'd'],
    )
  }
})

test('what was acknowledged is in the embedded store after a restart', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'control-'))
  const store = await openStore({ storage: 'sqlite', dataDir })
  const { control } = await started(store)
  await Promise.all(Array.from({ length: 50 }, (_, i) => put(control, `r${i}`)))
  await control.change({ definition: route, id: 'r7', transition: remove })
  const before = control.fullDelta()
  await control.close()
  await store.close()
  const reopened = await openStore({ storage: 'sqlite', dataDir })
  const again = await ControlPlane.start({ store: reopened })
  assert.deepEqual(new Set(again.fullDelta().writes), new Set(before.writes))
  await again.close()
  await reopened.close()
  rmSync(dataDir, { recursive: true })
})

test('faults are kept per entity until it compiles without', async () => {
  const bad = (id: string) => ({ kind: 'Route', id, reason: 'plugin.unknown', message: 'no such plugin' })
  const { control, audience } = await started()
  audience.answer = ({ revision, writes }) => {
    const faults = writes.filter(w => w.json?.includes('bad')).map(w => bad(w.id))
    return [
      { revision, faults },
      { revision, faults },
    ]
  }
  await put(control, 'r', { description: 'bad' })
  await put(control, 's')
  assert.deepEqual(control.statusOf('Route', 'r'), { revision: 2, faults: [bad('r')] })
  assert.deepEqual(control.statusOf('Route', 's').faults, [])
  assert.equal(control.faults().length, 1)
  await put(control, 'r', { description: 'good' })
  assert.deepEqual(control.faults(), [])
  await put(control, 'r', { description: 'bad again' })
  await control.change({ definition: route, id: 'r', transition: remove })
  assert.deepEqual(control.faults(), [])
})

test('a fault caused by another entity goes when the thread says it compiled anew', async () => {
  const { control, audience } = await started()
  await put(control, 'r')
  const fault = { kind: 'Route', id: 'r', reason: 'route.invalid', message: 'its backend is gone' }
  audience.answer = ({ revision }) => [{ revision, faults: [fault] }]
  const aBackend = (name: string) => ({ id: 'b', name, backend: { targets: [] } })
  await control.change({ definition: backend, id: 'b', transition: write(aBackend('one')) })
  assert.equal(control.statusOf('Route', 'r').faults.length, 1)
  audience.answer = ({ revision }) => [{ revision, faults: [] }]
  await control.change({ definition: backend, id: 'b', transition: write(aBackend('two')) })
  assert.equal(control.statusOf('Route', 'r').faults.length, 1, 'nobody said the route is well')
  audience.answer = ({ revision }) => [{ revision, faults: [], recompiled: [{ kind: 'Route', id: 'r' }] }]
  await control.change({ definition: backend, id: 'b', transition: write(aBackend('three')) })
  assert.equal(control.statusOf('Route', 'r').faults.length, 0)
})

test('what a slow thread says of an older state is ignored; a new thread clears only what it names', async () => {
  const { control, audience } = await started()
  await put(control, 'r', { description: '1' })
  await put(control, 'r', { description: '2' })
  const fault = { kind: 'Route', id: 'r', reason: 'route.invalid', message: 'm' }
  control.acknowledge(audience.deltas[0]!, { revision: 2, faults: [fault] })
  assert.equal(control.faults().length, 0)
  control.acknowledge(audience.deltas[1]!, { revision: 3, faults: [fault] })
  assert.equal(control.faults().length, 1)
  control.acknowledge(control.fullDelta(), { revision: 3, faults: [] })
  assert.equal(control.faults().length, 1)
  control.acknowledge(control.fullDelta(), { revision: 3, faults: [], recompiled: [fault] })
  assert.equal(control.faults().length, 0)
})

test('a thread that does not answer, or an audience that fails, does not undo the write', async () => {
  const { control, audience, failures } = await started()
  audience.answer = () => Promise.reject(new Error('all threads gone'))
  const outcome = await put(control, 'r')
  assert.equal(outcome.changed, true)
  assert.equal(failures.length, 1)
  audience.answer = () => []
  await put(control, 'r2')
})

test('the first start creates the initial entities once and loads the rest', async () => {
  const store = createMemoryStore()
  await new EntityStore(store).put(route, aRoute('mine', { description: 'kept' }))
  const initial = () => [
    { definition: globalConfig, entity: {} },
    { definition: route, entity: aRoute('mine') },
    { definition: route, entity: aRoute('first') },
  ]
  const control = await ControlPlane.start({ store, initial })
  assert.equal(control.get(route, 'mine')?.view()['description'], 'kept')
  assert.equal(control.get(route, 'first')?.id, 'first')
  await control.change({ definition: route, id: 'first', transition: remove })
  await control.close()
  const again = await ControlPlane.start({ store, initial })
  assert.equal(again.get(route, 'first'), null, 'a deleted entity does not come back')
  assert.equal(again.fullDelta().writes.length, 2)
  await assert.rejects(
    ControlPlane.start({ store: createMemoryStore(), initial: () => [{ definition: route, entity: {} }] }),
    InvalidEntity,
  )
})

test('a closed control plane finishes what was asked and takes nothing more', async () => {
  const { control, store } = await started()
  const last = put(control, 'r')
  await control.close()
  assert.equal((await last).changed, true)
  await assert.rejects(put(control, 's'), ControlPlaneClosed)
  assert.notEqual(await store.get('otoroshi:routes:r'), null)
})

test('a preview writes nothing', async () => {
  const { control, audience, store } = await started()
  const outcome = control.preview({ definition: route, id: 'r', transition: write(aRoute('r')) })
  assert.equal(outcome.changed, true)
  assert.equal(outcome.after?.view()['enabled'], true)
  assert.throws(() => control.preview({ definition: route, id: 'r', transition: write({}) }), InvalidEntity)
  assert.equal(await store.get('otoroshi:routes:r'), null)
  assert.equal(audience.deltas.length, 0)
})

test('an entity that is no longer valid stays readable and travels as it is', async () => {
  const store = createMemoryStore()
  await store.commit([
    { key: 'otoroshi:routes:odd', value: '{"id":"odd","name":5}' },
    { key: 'otoroshi:routes:text', value: 'not json' },
  ])
  const { control } = await started(store)
  assert.deepEqual(control.get(route, 'odd')?.view(), { id: 'odd', name: 5 })
  assert.deepEqual(control.get(route, 'text')?.view(), { id: 'text' })
  assert.equal(control.fullDelta().writes.length, 2)
})

type Step =
  | {
      readonly op: 'put' | 'remove' | 'external' | 'externalRemove'
      readonly id: string
      readonly text: string
    }
  | { readonly op: 'join' | 'fail' | 'wait' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    op: fc.constantFrom('put', 'put', 'remove', 'external', 'externalRemove'),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    text: fc.constantFrom('x', 'y', 'z'),
  }),
  fc.record({ op: fc.constantFrom('join', 'fail', 'wait') }),
)

test('deltas replayed on any full delta give the state of the store', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const shared = createMemoryStore()
      const { store, state } = unreliable(shared)
      const { control } = await started(store)
      const replicas: Replica[] = []
      let revision = control.revision
      control.connect({
        async publish(delta) {
          assert.equal(delta.revision, ++revision)
          for (const replica of replicas) applyDelta(replica, withTexts(control, delta))
          await tick()
          return []
        },
      })
      const pending: Promise<unknown>[] = []
      const change = (definition: EntityDefinition, id: string, transition: Transition) =>
        pending.push(control.change({ definition, id, transition }).catch(() => {}))
      const outsider = new EntityStore(shared)
      for (const s of steps) {
        if (s.op === 'put') change(route, s.id, write(aRoute(s.id, { description: s.text })))
        else if (s.op === 'remove') change(route, s.id, remove)
        else if (s.op === 'external') await outsider.put(route, aRoute(s.id, { description: s.text }))
        else if (s.op === 'externalRemove') await outsider.remove(route, s.id)
        else if (s.op === 'fail') state.fail = state.fail === null ? new StoreUnavailable('down') : null
        else if (s.op === 'wait') await tick()
        else {
          const replica: Replica = new Map()
          applyDelta(replica, withTexts(control, control.fullDelta()))
          replicas.push(replica)
        }
      }
      await Promise.all(pending)
      await tick()
      await control.idle()
      const truth: Replica = new Map()
      for (const entity of await outsider.list(route)) truth.set(`Route/${entity.id}`, entity.json)
      for (const replica of replicas) assert.deepEqual(sorted(replica), sorted(truth))
      const full: Replica = new Map()
      applyDelta(full, withTexts(control, control.fullDelta()))
      assert.deepEqual(sorted(full), sorted(truth))
      await control.close()
    }),
    { numRuns: 150 },
  )
})

function sorted(replica: Replica): [string, string][] {
  return [...replica].sort(([a], [b]) => (a < b ? -1 : 1))
}

function tick(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
