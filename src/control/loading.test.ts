import assert from 'node:assert/strict'
import test from 'node:test'
import { SharedTexts } from '../revision/shared-texts.ts'
import { createMemoryStore } from '../store/memory.ts'
import { ControlPlane } from './control-plane.ts'
import { apikey, aRoute, route, write } from './testing/entities.ts'

test('what is looked up is read at once when it is asked for, while the rest still waits', async () => {
  const store = createMemoryStore()
  const keys = Array.from({ length: 30 }, (_, i) => `key-${10 + i}`)
  await store.commit([
    { key: 'otoroshi:routes:r1', value: JSON.stringify(aRoute('r1')) },
    ...keys.map(id => ({ key: `otoroshi:apikey:coll:${id}`, value: JSON.stringify({ clientId: id }) })),
  ])
  const control = ControlPlane.create({ store })
  const go = Promise.withResolvers<void>()
  const listed = Promise.withResolvers<void>()
  const loaded = control.load(() => {
    listed.resolve()
    return go.promise
  })
  await listed.promise
  const text = (kind: string, id: string) => new SharedTexts(control.sharedTexts[kind]!).get(id)
  assert.equal(control.count(route), 1)
  assert.equal(control.count(apikey), 0)
  await control.fetch('Apikey', 'key-25')
  await control.fetch('Apikey', 'key-25')
  await control.fetch('Apikey', 'nobody')
  await control.fetch('Route', 'r1')
  await control.fetch('Nothing', 'x')
  assert.equal(text('Apikey', 'key-25'), '{"clientId":"key-25"}')
  assert.equal(control.count(apikey), 1)
  const written = control.change({
    definition: route,
    id: 'r2',
    transition: write(aRoute('r2')),
  })
  go.resolve()
  await loaded
  await control.fetch('Apikey', 'nobody')
  assert.deepEqual(
    control.page(apikey, 0, 100).map(({ id }) => id),
    keys,
  )
  await written
  assert.equal(control.count(route), 2)
  await control.close()
})
