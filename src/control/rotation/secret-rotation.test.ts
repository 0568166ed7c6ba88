import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EntityDefinition } from '../../model/entity.ts'
import { type Apikey, apikey as kind } from '../../model/kinds/apikey.ts'
import { type Store, StoreUnavailable } from '../../store/contract.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { ControlPlane } from '../control-plane.ts'
import { SecretRotation } from './secret-rotation.ts'

const definition = kind as EntityDefinition
const HOUR = 3_600_000
const STATE = 'otoroshi:apikeys-rotation:id'

const key = (more: object = {}) => ({
  clientId: 'id',
  clientSecret: 'old',
  clientName: 'key',
  rotation: { enabled: true, rotationEvery: 10, gracePeriod: 2 },
  ...more,
})

/** A gateway's part in it, at a time that tests set. */
class Instance {
  readonly told: string[] = []
  readonly times = new Map<string, number | null>()
  readonly failures: unknown[] = []
  readonly rotation: SecretRotation
  readonly control: ControlPlane

  constructor(control: ControlPlane, clock: { now: number }) {
    this.control = control
    this.rotation = new SecretRotation({
      control,
      now: () => clock.now,
      onAnnounced: ({ rotation }) => this.told.push(`announced ${rotation.nextSecret}`),
      onExchanged: (before, after) => this.told.push(`${before.clientSecret} → ${after.clientSecret}`),
      onTimes: times => {
        for (const [id, at] of times) this.times.set(id, at)
      },
      onFailure: error => this.failures.push(error),
    })
    control.connect({
      publish: async delta => {
        this.rotation.follow(delta)
        return []
      },
    })
  }

  get key(): Apikey {
    const read = this.control.get(definition, 'id')!.read()
    assert.ok(read.ok)
    return read.value as Apikey
  }

  put(entity: object): Promise<unknown> {
    return this.control.change({ definition, id: 'id', transition: () => ({ action: 'write', entity }) })
  }

  /** Does what is due until nothing is. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      await this.control.idle()
      await this.rotation.run()
    }
    assert.deepEqual(this.failures, [])
  }

  async close(): Promise<void> {
    await this.rotation.close()
    await this.control.close()
  }
}

async function instance(clock: { now: number }, store: Store = createMemoryStore()): Promise<Instance> {
  const made = new Instance(await ControlPlane.start({ store }), clock)
  await made.rotation.start()
  return made
}

describe('secrets that rotate', () => {
  it('are announced, good beside the old one, and then exchanged', async () => {
    const clock = { now: 1_000 * HOUR }
    const store = createMemoryStore()
    const one = await instance(clock, store)
    await one.put(key())
    await one.settle()
    assert.equal(await store.get(STATE), JSON.stringify({ start: clock.now }))
    assert.equal(one.times.get('id'), clock.now + 10 * HOUR)
    clock.now += 7 * HOUR
    await one.put(key({ description: 'changed' }))
    await one.settle()
    assert.deepEqual(one.told, [])
    clock.now += HOUR
    await one.put(key({ description: 'looked at again' }))
    await one.settle()
    const next = one.key.rotation.nextSecret!
    assert.match(next, /^[a-z0-9]{64}$/)
    assert.equal(one.key.clientSecret, 'old')
    assert.deepEqual(one.told, [`announced ${next}`], 'once, not at each look')
    clock.now += 2 * HOUR
    await one.put({ ...one.key, tags: ['x'] })
    await one.settle()
    assert.deepEqual(one.told, [`announced ${next}`, `old → ${next}`])
    assert.equal(one.key.clientSecret, next)
    assert.equal(one.key.rotation.nextSecret, null)
    assert.equal(one.times.get('id'), clock.now + 10 * HOUR)
    await one.close()
  })

  it('are changed by one of several instances', async () => {
    const clock = { now: 1_000 * HOUR }
    const store = createMemoryStore()
    const instances = [
      await instance(clock, store),
      await instance(clock, store),
      await instance(clock, store),
    ]
    const told = () => instances.flatMap(one => one.told)
    const settle = async () => {
      for (let i = 0; i < 5; i++) await Promise.all(instances.map(one => one.rotation.run()))
      for (const one of instances) await one.control.idle()
    }
    await instances[0]!.put(key())
    for (const one of instances) await one.control.idle()
    await settle()
    clock.now += 9 * HOUR
    // Everybody is asked to look at once.
    for (const one of instances) await one.rotation.start()
    await settle()
    assert.equal(told().length, 1, told().join())
    const next = instances[0]!.key.rotation.nextSecret
    clock.now += 2 * HOUR
    for (const one of instances) await one.rotation.start()
    await settle()
    assert.deepEqual(told().slice(1), [`old → ${next}`])
    for (const one of instances) {
      await one.control.idle()
      assert.equal(one.key.clientSecret, next)
      await one.close()
    }
  })

  it('stay as they are where a crash comes between: key and state change together', async () => {
    const clock = { now: 1_000 * HOUR }
    const inner = createMemoryStore()
    let broken = false
    const store: Store = {
      ...inner,
      commit: (changes, preconditions) =>
        broken ? Promise.reject(new StoreUnavailable('away')) : inner.commit(changes, preconditions),
    }
    const one = await instance(clock, store)
    await one.put(key({ rotation: { enabled: true, rotationEvery: 10, gracePeriod: 2, nextSecret: 'next' } }))
    await one.settle()
    const before = [await inner.get(STATE), await inner.get('otoroshi:apikey:coll:id')]
    clock.now += 11 * HOUR
    broken = true
    await one.rotation.start()
    await one.rotation.run()
    assert.equal(one.failures.length, 1)
    assert.deepEqual([await inner.get(STATE), await inner.get('otoroshi:apikey:coll:id')], before)
    broken = false
    one.failures.length = 0
    await one.rotation.start()
    await one.settle()
    assert.equal(one.key.clientSecret, 'next')
    assert.deepEqual(one.told, ['old → next'])
    await one.close()
  })

  it('are found at the start, and states of keys that are gone go', async () => {
    const clock = { now: 1_000 * HOUR }
    const store = createMemoryStore()
    await store.commit([
      { key: 'otoroshi:apikey:coll:id', value: JSON.stringify(key()) },
      { key: STATE, value: JSON.stringify({ start: clock.now - 20 * HOUR }) },
      { key: 'otoroshi:apikeys-rotation:gone', value: '{"start":1}' },
    ])
    const one = await instance(clock, store)
    await one.settle()
    assert.equal(await store.get('otoroshi:apikeys-rotation:gone'), null)
    assert.equal(one.key.clientSecret, 'old', 'nobody was offered another one')
    assert.equal(one.told.length, 1)
    assert.equal(one.times.get('id'), clock.now + 2 * HOUR)
    await one.close()
  })

  it('stop when the key does not rotate any more', async () => {
    const clock = { now: 1_000 * HOUR }
    const store = createMemoryStore()
    const one = await instance(clock, store)
    await one.put(key())
    await one.settle()
    await one.put(key({ rotation: { enabled: false } }))
    await one.settle()
    assert.equal(await store.get(STATE), null)
    assert.equal(one.times.get('id'), null)
    await one.close()
  })
})
