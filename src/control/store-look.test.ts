import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { StoreUnavailable, type Store } from '../store/contract.ts'
import { EntityStore } from '../store/entities.ts'
import { createMemoryStore } from '../store/memory.ts'
import { ControlPlane } from './control-plane.ts'
import { RecordingAudience } from './testing/audience.ts'
import { aRoute, remove, route, write } from './testing/entities.ts'

/** A store that tells nobody what changes, and can be told to ask for a look or to fail. */
function silent() {
  const inner = createMemoryStore()
  const state = { lookAgain: () => {}, scans: 0, failure: null as unknown }
  const store: Store = {
    ...inner,
    async *scan(prefix) {
      state.scans++
      if (state.failure !== null) throw state.failure
      yield* inner.scan(prefix)
    },
    watch(_listener, lookAgain = () => {}) {
      state.lookAgain = lookAgain
      return () => {
        state.lookAgain = () => {}
      }
    },
  }
  return { store, inner, state }
}

async function looked(control: ControlPlane): Promise<void> {
  await sleep(30)
  await control.idle()
}

test('a look finds what came, changed and went, and nothing else', async () => {
  const { store, state } = silent()
  const outsider = new EntityStore(store)
  await outsider.put(route, aRoute('stays'))
  await outsider.put(route, aRoute('changes'))
  await outsider.put(route, aRoute('goes'))
  const control = await ControlPlane.start({ store })
  const audience = new RecordingAudience()
  control.connect(audience)
  const before = control.revision
  await outsider.put(route, aRoute('comes'))
  await outsider.put(route, aRoute('changes', { description: 'changed' }))
  await outsider.remove(route, 'goes')
  await looked(control)
  assert.equal(control.revision, before)
  state.lookAgain()
  await looked(control)
  assert.deepEqual(
    control.list(route).map(({ id }) => id),
    ['changes', 'comes', 'stays'],
  )
  assert.match(control.get(route, 'changes')!.json, /"changed"/)
  const told = audience.deltas.flatMap(delta => [...delta.writes, ...delta.removals].map(({ id }) => id))
  assert.deepEqual(told.sort(), ['changes', 'comes', 'goes'])
  const revision = control.revision
  state.lookAgain()
  await looked(control)
  assert.equal(control.revision, revision)
  await control.close()
})

test('a look that fails is made again; several asked for at once are one more', async () => {
  const { store, inner, state } = silent()
  const control = await ControlPlane.start({ store, onFailure: error => assert.fail(String(error)) })
  await new EntityStore(inner).put(route, aRoute('r'))
  state.failure = new StoreUnavailable('away')
  state.lookAgain()
  await looked(control)
  assert.equal(control.get(route, 'r'), null)
  state.failure = null
  await sleep(1100)
  await control.idle()
  assert.notEqual(control.get(route, 'r'), null)
  state.scans = 0
  state.lookAgain()
  await looked(control)
  const once = state.scans
  state.scans = 0
  for (let i = 0; i < 10; i++) state.lookAgain()
  await looked(control)
  assert.equal(state.scans, 2 * once)
  await control.close()
  state.scans = 0
  state.lookAgain()
  assert.equal(state.scans, 0)
})

test('writes of our own during a look are neither lost nor undone', async () => {
  const { store, state } = silent()
  const control = await ControlPlane.start({ store })
  const audience = new RecordingAudience()
  control.connect(audience)
  const outsider = new EntityStore(store)
  for (let round = 0; round < 30; round++) {
    state.lookAgain()
    const own = control.change({
      definition: route,
      id: `own-${round % 3}`,
      transition: write(aRoute(`own-${round % 3}`, { description: String(round) })),
    })
    await outsider.put(route, aRoute(`other-${round % 5}`, { description: String(round) }))
    if (round % 4 === 3) await outsider.remove(route, `other-${round % 5}`)
    await own
    if (round % 7 === 6)
      await control.change({ definition: route, id: `own-${round % 3}`, transition: remove })
  }
  state.lookAgain()
  await looked(control)
  const stored = await outsider.list(route)
  assert.deepEqual(
    control.list(route).map(({ key, json }) => [key, json]),
    stored.map(({ key, json }) => [key, json]),
  )
  await control.close()
})
