/** What every store driver must do. Each driver's test file runs it; a driver that passes is interchangeable. */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Entry, type Store, StoreConflict, StoreUnavailable } from '../contract.ts'

/** Opens a fresh, empty store for one test. */
export type OpenStore = (t: TestContext) => Promise<Store>

/** Entries of a prefix, all batches together. */
export async function scanAll(store: Store, prefix: string, from?: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const batch of store.scan(prefix, from)) entries.push(...batch)
  return entries
}

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  return (await scanAll(store, prefix)).map(entry => entry.key)
}

export function storeSuite(name: string, open: OpenStore): void {
  const on = (title: string, work: (store: Store, t: TestContext) => Promise<void>) =>
    test(title, async t => {
      const store = await open(t)
      try {
        await work(store, t)
      } finally {
        await store.close()
      }
    })
  describe(`store ${name}`, () => {
    valuesSuite(on)
    commitSuite(on)
    scanSuite(on)
    counterSuite(on)
    lifeSuite(on)
  })
}

/**
 * Looks at something before it ends. `attempt` makes it for a time (milliseconds) and answers its end (epoch milliseconds),
 * what it saw, and what is to be seen. On a machine too slow for that it is tried again with more time.
 */
async function inTime<T>(
  attempt: (life: number) => Promise<readonly [end: number, seen: T, expected: T]>,
): Promise<number> {
  for (let life = 60; ; life *= 4) {
    const began = Date.now()
    const [end, seen, expected] = await attempt(life)
    if (Date.now() >= began + life) continue
    assert.deepEqual(seen, expected)
    return end
  }
}

type On = (title: string, work: (store: Store, t: TestContext) => Promise<void>) => void

function valuesSuite(on: On): void {
  on('gives back what was written, byte for byte', async store => {
    const values = [
      '',
      ' ',
      '{"a":1}',
      'é 漢 😀 \u2028 \ufffd \uffff',
      '\n\r\t"\\',
      "'; DROP TABLE entries; --",
    ]
    for (const [i, value] of values.entries()) {
      const key = `k:${value}:${i}`
      await store.commit([{ key, value }])
      assert.equal(await store.get(key), value)
    }
    assert.equal(await store.get('absent'), null)
    assert.equal(await store.get('K::0'), null, 'keys differ by case')
  })

  on('replaces and removes', async store => {
    await store.commit([{ key: 'a', value: '1' }])
    await store.commit([{ key: 'a', value: '2' }])
    assert.equal(await store.get('a'), '2')
    await store.commit([{ key: 'a', value: null }])
    assert.equal(await store.get('a'), null)
    await store.commit([{ key: 'a', value: null }])
  })

  on('keeps big values', async store => {
    const value = `${'x😀'.repeat(2 << 20)}end`
    await store.commit([
      { key: 'big:1', value },
      { key: 'big:2', value: 'small' },
    ])
    assert.ok((await store.get('big:1')) === value)
    assert.equal((await scanAll(store, 'big:')).length, 2)
  })

  on('refuses keys and values that would not come back', async store => {
    const bad = ['', 'a\u0000b', '\ud800', 'x'.repeat(5000)]
    for (const key of bad) await assert.rejects(store.commit([{ key, value: '1' }]), RangeError)
    for (const value of ['a\u0000b', 'a\udc00'])
      await assert.rejects(
        store.commit([
          { key: 'fine', value: '1' },
          { key: 'b', value },
        ]),
        RangeError,
      )
    assert.equal(await store.get('fine'), null)
    for (const expiresAt of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])
      await assert.rejects(store.commit([{ key: 'e', value: '1', expiresAt }]), RangeError)
  })

  on('hides what has expired', async store => {
    const soon = await inTime(async life => {
      const end = Date.now() + life
      await store.commit([
        { key: 'e:1', value: 'goes', expiresAt: end },
        { key: 'e:2', value: 'stays', expiresAt: end + 600_000 },
        { key: 'e:3', value: 'stays', expiresAt: 0 },
        { key: 'e:4', value: 'gone', expiresAt: 1 },
      ])
      return [end, await keysOf(store, 'e:'), ['e:1', 'e:2', 'e:3']]
    })
    await sleep(soon + 30 - Date.now())
    assert.equal(await store.get('e:1'), null)
    assert.deepEqual(await keysOf(store, 'e:'), ['e:2', 'e:3'])
    await store.commit([{ key: 'e:1', value: 'new' }], [{ key: 'e:1', value: null }])
    assert.equal(await store.get('e:1'), 'new')
  })

  on('tells when keys expire', async store => {
    const later = Date.now() + 3_600_000
    await store.commit([
      { key: 'e:1', value: 'ends', expiresAt: later },
      { key: 'e:2', value: 'stays' },
    ])
    assert.ok(store.expiries !== undefined)
    const [ends, stays, absent] = await store.expiries(['e:1', 'e:2', 'e:3'])
    // A server tells how long is left, not until when.
    assert.ok(Math.abs(ends! - later) < 2_000, `${ends} for ${later}`)
    assert.deepEqual([stays, absent], [0, 0])
  })

  on('forgets the old expiry when a value is replaced', async store => {
    await store.commit([{ key: 'a', value: '1', expiresAt: Date.now() + 40 }])
    await store.commit([{ key: 'a', value: '2' }])
    await sleep(60)
    assert.equal(await store.get('a'), '2')
  })
}

function commitSuite(on: On): void {
  on('commits all or nothing', async store => {
    await store.commit([{ key: 'a', value: '1' }])
    const refused = store.commit(
      [
        { key: 'b', value: '2' },
        { key: 'a', value: null },
      ],
      [
        { key: 'a', value: '1' },
        { key: 'b', value: 'something' },
      ],
    )
    await assert.rejects(refused, error => error instanceof StoreConflict && error.key === 'b')
    assert.equal(await store.get('a'), '1')
    assert.equal(await store.get('b'), null)
  })

  on('checks preconditions against what is there', async store => {
    await store.commit([{ key: 'a', value: '1' }], [{ key: 'a', value: null }])
    await assert.rejects(store.commit([{ key: 'a', value: '2' }], [{ key: 'a', value: null }]), StoreConflict)
    await assert.rejects(store.commit([{ key: 'a', value: '2' }], [{ key: 'a', value: '' }]), StoreConflict)
    await store.commit([{ key: 'a', value: '2' }], [{ key: 'a', value: '1' }])
    assert.equal(await store.get('a'), '2')
    await assert.rejects(store.commit([], [{ key: 'a', value: '1' }]), StoreConflict)
  })

  on('takes the last of several changes of one key', async store => {
    await store.commit([
      { key: 'a', value: '1' },
      { key: 'a', value: null },
      { key: 'a', value: '3' },
    ])
    assert.equal(await store.get('a'), '3')
  })

  on('lets one of many concurrent writers win', async store => {
    const attempts = Array.from({ length: 200 }, (_, i) =>
      store.commit([{ key: 'lock', value: String(i) }], [{ key: 'lock', value: null }]),
    )
    const outcomes = await Promise.allSettled(attempts)
    const won = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [i] : []))
    assert.equal(won.length, 1)
    assert.equal(await store.get('lock'), String(won[0]))
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof StoreConflict)
  })

  on('serves many writers of one turn, each on its own', async store => {
    await store.commit([{ key: 'text', value: 'words' }])
    const work: Promise<unknown>[] = []
    for (let i = 0; i < 1500; i++) {
      if (i % 100 === 50)
        work.push(store.commit([{ key: 'never', value: '1' }], [{ key: 'text', value: '' }]))
      else if (i % 100 === 51) work.push(store.increment('text', 1, 0))
      else work.push(store.commit([{ key: `m:${i}`, value: String(i) }]))
    }
    const outcomes = await Promise.allSettled(work)
    assert.equal(outcomes.filter(outcome => outcome.status === 'rejected').length, 30)
    assert.equal((await scanAll(store, 'm:')).length, 1470)
    assert.equal(await store.get('never'), null)
    assert.equal(await store.get('text'), 'words')
  })
}

function scanSuite(on: On): void {
  on('scans in the order of code points, prefixes taken literally', async store => {
    const keys = ['p:%', 'p:_', 'p:*', 'p:[a]', 'p:\\', 'p:a', 'p:A', 'p:é', 'p:\uffff', 'p:😀', 'p:']
    await store.commit([...keys, 'p', 'o:z', 'p;', 'q'].map(key => ({ key, value: key })))
    const expected = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(await keysOf(store, 'p:'), expected)
    for (const key of keys.slice(0, -1)) assert.deepEqual(await keysOf(store, key), [key])
    assert.equal((await keysOf(store, '')).length, keys.length + 4)
    assert.deepEqual(await keysOf(store, 'none'), [])
  })

  on('scans from a key on', async store => {
    const keys = ['o:z', 'p:a', 'p:b', 'p:é', 'p:\uffff', 'p:😀', 'q:a']
    await store.commit(keys.map(key => ({ key, value: key })))
    const from = async (key: string) => (await scanAll(store, 'p:', key)).map(entry => entry.key)
    assert.deepEqual(await from('p:b'), keys.slice(2, 6))
    assert.deepEqual(await from('p:aa'), keys.slice(2, 6))
    assert.deepEqual(await from('p:\uffff'), keys.slice(4, 6))
    assert.deepEqual(await from('o'), keys.slice(1, 6))
    assert.deepEqual(await from('q'), [])
    const many = Array.from({ length: 2500 }, (_, i) => `n:${String(i).padStart(5, '0')}`)
    await store.commit(many.map(key => ({ key, value: 'v' })))
    const rest = await scanAll(store, 'n:', 'n:00100')
    assert.deepEqual(
      rest.map(entry => entry.key),
      many.slice(100),
    )
  })

  on('scans more than a batch, whole and once', async store => {
    const keys = Array.from({ length: 2500 }, (_, i) => `n:${String(i).padStart(5, '0')}`)
    await store.commit([...keys, 'n', 'o'].map(key => ({ key, value: 'v' })))
    const batches: number[] = []
    const seen: string[] = []
    for await (const batch of store.scan('n:')) {
      batches.push(batch.length)
      for (const { key } of batch) seen.push(key)
    }
    assert.deepEqual(seen, keys)
    assert.ok(batches.length > 1, `batches ${batches}`)
  })

  on('may be written to while it is scanned', async store => {
    const keys = Array.from({ length: 2100 }, (_, i) => `n:${String(i).padStart(5, '0')}`)
    await store.commit(keys.map(key => ({ key, value: 'old' })))
    const seen = new Set<string>()
    for await (const batch of store.scan('n:')) {
      for (const { key } of batch) seen.add(key)
      await store.commit([
        { key: 'n:02099', value: null },
        { key: 'n:00000', value: 'new' },
      ])
    }
    assert.equal(seen.size, 2099)
    assert.ok(!seen.has('n:02099'))
    for await (const batch of store.scan('n:')) {
      assert.equal(batch[0]?.value, 'new')
      break
    }
    await store.commit([{ key: 'after', value: 'an abandoned scan' }])
  })
}

function counterSuite(on: On): void {
  on('counts exactly', async store => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => store.increment('c', 2, 0)))
    assert.deepEqual(
      answers,
      Array.from({ length: 300 }, (_, i) => (i + 1) * 2),
    )
    assert.equal(await store.increment('c', -600, 0), 0)
    assert.equal(await store.get('c'), '0')
  })

  on('lets a counter expire after its first increment', async store => {
    const soon = await inTime(async life => {
      await store.commit([{ key: 'c', value: null }])
      // The first increment may come late, and then ends later.
      const counts = [await store.increment('c', 1, life), await store.increment('c', 1, 600_000)]
      return [Date.now() + life, counts, [1, 2]]
    })
    await sleep(soon + 30 - Date.now())
    assert.equal(await store.get('c'), null)
    assert.equal(await store.increment('c', 5, 0), 5)
    await sleep(10)
    assert.equal(await store.increment('c', 0, 1), 5)
  })

  on('refuses to count what is no counter, or beyond whole numbers', async store => {
    await store.commit([{ key: 'a', value: '1.5' }])
    await assert.rejects(store.increment('a', 1, 0), TypeError)
    await assert.rejects(store.increment('b', Number.MAX_SAFE_INTEGER + 1, 0), TypeError)
    await assert.rejects(store.increment('b', 0.5, 0), TypeError)
    await assert.rejects(store.increment('b', 1, Number.NaN), RangeError)
    await assert.rejects(store.increment('', 1, 0), RangeError)
    assert.equal(await store.get('a'), '1.5')
    assert.equal(await store.get('b'), null)
  })
}

function lifeSuite(on: On): void {
  on('tells watchers of commits that happened, and of no others', async store => {
    const told: string[][] = []
    const stop = store.watch(keys => void told.push([...keys]))
    store.watch(keys => {
      if (keys.some(key => key.startsWith('told:'))) throw new Error('a watcher that fails')
    })
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => void warnings.push(warning)
    process.on('warning', onWarning)
    // Names of this test alone: on a shared server a notice of the test before may come late.
    await store.commit([
      { key: 'told:a', value: '1' },
      { key: 'told:b', value: null },
    ])
    await store.commit([{ key: 'told:a', value: '2' }], [{ key: 'told:a', value: 'x' }]).catch(() => {})
    await sleep(10)
    const own = () =>
      told
        .flat()
        .filter(key => key.startsWith('told:'))
        .sort()
    assert.deepEqual(own(), ['told:a', 'told:b'])
    stop()
    await store.commit([{ key: 'told:c', value: '1' }])
    await sleep(10)
    process.off('warning', onWarning)
    assert.deepEqual(own(), ['told:a', 'told:b'])
    assert.equal(warnings.length, 2)
  })

  on('finishes what was asked for before it closes, and nothing after', async store => {
    const asked = Array.from({ length: 20 }, (_, i) => store.commit([{ key: `k:${i}`, value: '1' }]))
    const closed = store.close()
    await Promise.all(asked)
    await closed
    await store.close()
    await assert.rejects(store.get('k:1'), StoreUnavailable)
    await assert.rejects(store.commit([{ key: 'a', value: '1' }]), StoreUnavailable)
    await assert.rejects(store.increment('a', 1, 0), StoreUnavailable)
    await assert.rejects(store.ping(), StoreUnavailable)
    await assert.rejects(scanAll(store, ''), StoreUnavailable)
  })

  on('answers pings', async store => {
    await store.ping()
  })
}
