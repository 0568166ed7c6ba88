/** What several users of one shared store may count on, whichever driver they use. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Store } from '../contract.ts'
import { percentiles, until } from './patience.ts'

/** Opens a further store on what all share; closed when the test ends. It hardly looks: what it shows it was told. */
export type OpenShared = (t: TestContext) => Promise<Store>

/** What a store was told: keys, and how often it was asked to look for itself. */
export function listen(store: Store) {
  const heard = { keys: [] as string[], looks: 0 }
  store.watch(
    keys => void heard.keys.push(...keys),
    () => void heard.looks++,
  )
  return heard
}

export interface SharingOptions {
  /** Keys that are a special case of the driver, told like any other. */
  readonly extra?: readonly string[]
  /** The keys of one commit are told in its order. */
  readonly inOrder: boolean
}

export function sharingSuite(open: OpenShared, { extra = [], inOrder }: SharingOptions): void {
  test('a commit is heard by the other at once, by the writer once', async t => {
    const [one, two] = [await open(t), await open(t)]
    const [own, other] = [listen(one), listen(two)]
    const times: number[] = []
    for (let i = 0; i < 50; i++) {
      const began = performance.now()
      await one.commit([{ key: `otoroshi:routes:${i}`, value: '"é"' }])
      await until('it is heard', () => other.keys.length > i)
      times.push(performance.now() - began)
    }
    const { p50, text } = percentiles(times)
    t.diagnostic(`asked to heard: ${text}`)
    assert.ok(p50 < 200, text)
    const keys = Array.from({ length: 50 }, (_, i) => `otoroshi:routes:${i}`)
    assert.deepEqual(other.keys, keys)
    assert.deepEqual(own.keys, keys)
    assert.equal(await two.get('otoroshi:routes:7'), '"é"')
    assert.equal(own.looks + other.looks, 0)
  })

  test('a commit of many keys is told whole; a refused one and counters are not told', async t => {
    const [one, two] = [await open(t), await open(t)]
    const other = listen(two)
    const keys = [...Array.from({ length: 2300 }, (_, i) => `otoroshi:x:${i}`), ...extra]
    await one.commit(keys.map(key => ({ key, value: '1' })))
    await one.commit([{ key: 'y', value: '1' }], [{ key: 'y', value: 'x' }]).catch(() => {})
    await one.increment('c', 1, 0)
    // Told in order: what was told before this one was heard before it.
    await one.commit([{ key: 'otoroshi:last', value: '1' }])
    await until('the last one is heard', () => other.keys.at(-1) === 'otoroshi:last')
    const [told, wanted] = [other.keys, [...keys, 'otoroshi:last']]
    assert.deepEqual(inOrder ? told : told.sort(), inOrder ? wanted : wanted.sort())
  })

  test('one of several wins a key; a counter of all is exact; nobody loses an update', async t => {
    const stores = [await open(t), await open(t), await open(t)]
    const attempts = Array.from({ length: 150 }, (_, i) =>
      stores[i % 3]!.commit([{ key: 'lock', value: String(i) }], [{ key: 'lock', value: null }]),
    )
    const outcomes = await Promise.allSettled(attempts)
    assert.equal(outcomes.filter(outcome => outcome.status === 'fulfilled').length, 1)
    await Promise.all(Array.from({ length: 300 }, (_, i) => stores[i % 3]!.increment('sum', 1, 0)))
    assert.equal(await stores[0]!.get('sum'), '300')
    await stores[0]!.commit([{ key: 'list', value: '' }])
    await Promise.all(Array.from({ length: 30 }, (_, i) => append(stores[i % 3]!, String(i))))
    const names = (await stores[1]!.get('list'))!.split(',').filter(Boolean).map(Number)
    assert.deepEqual(
      names.sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, i) => i),
    )
  })
}

/** Adds a name to the value of `list`, however often another one is faster. */
async function append(store: Store, name: string): Promise<void> {
  for (;;) {
    const before = await store.get('list')
    const done = await store
      .commit([{ key: 'list', value: `${before}${name},` }], [{ key: 'list', value: before }])
      .then(
        () => true,
        () => false,
      )
    if (done) return
  }
}
