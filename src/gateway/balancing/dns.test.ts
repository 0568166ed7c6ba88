import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DnsCache, DnsFailure, type DnsSettings, type ResolvedAddress, systemLookup } from './index.ts'

const v4 = (...addresses: string[]): ResolvedAddress[] => addresses.map(address => ({ address, family: 4 }))

/** A cache over a resolver and a clock that the test moves. */
function cacheOf(settings: DnsSettings = {}) {
  const state = {
    now: 0,
    asked: [] as string[],
    answer: (name: string): Promise<ResolvedAddress[]> => Promise.resolve(v4(`192.0.2.${name.length}`)),
  }
  const lookup = (name: string) => {
    state.asked.push(name)
    return state.answer(name)
  }
  return { cache: new DnsCache(lookup, settings, () => state.now), state }
}

const addressOf = async (found: ResolvedAddress | Promise<ResolvedAddress>) => (await found).address

/** Lets what was promised happen. */
const settled = () => new Promise(resolve => setImmediate(resolve))

async function failureOf(resolve: () => unknown): Promise<DnsFailure> {
  try {
    await resolve()
  } catch (error) {
    assert.ok(error instanceof DnsFailure, String(error))
    return error
  }
  assert.fail('it resolved')
}

describe('names', () => {
  it('are looked up once for their time, then again', async () => {
    const { cache, state } = cacheOf({ ttl: 1000 })
    assert.equal(await addressOf(cache.resolve('abc')), '192.0.2.3')
    state.now = 999
    // At once, not promised.
    assert.deepEqual(cache.resolve('ABC'), { address: '192.0.2.3', family: 4 })
    assert.deepEqual(state.asked, ['abc'])
    state.now = 1000
    state.answer = async () => v4('192.0.2.99')
    // What is known is served while the new answer is fetched.
    assert.deepEqual(cache.resolve('abc'), { address: '192.0.2.3', family: 4 })
    await settled()
    assert.deepEqual(cache.resolve('abc'), { address: '192.0.2.99', family: 4 })
    assert.deepEqual(state.asked, ['abc', 'abc'])
  })

  it('that are addresses are not looked up', () => {
    const { cache, state } = cacheOf()
    assert.deepEqual(cache.resolve('127.0.0.1'), { address: '127.0.0.1', family: 4 })
    assert.deepEqual(cache.resolve('::1'), { address: '::1', family: 6 })
    assert.deepEqual(cache.resolveAll('2001:db8::2'), [{ address: '2001:db8::2', family: 6 }])
    assert.deepEqual([state.asked, cache.size], [[], 0])
  })

  it('give their addresses in turn, beginning with the one the resolver prefers', async () => {
    const { cache, state } = cacheOf({ ttl: 1000 })
    state.answer = async () => v4('a', 'b', 'c')
    const seen = [await addressOf(cache.resolve('x'))]
    for (let i = 0; i < 3; i++) seen.push(await addressOf(cache.resolve('x')))
    assert.deepEqual(seen, ['a', 'b', 'c', 'a'])
    const all = await cache.resolveAll('x')
    assert.deepEqual(
      all.map(found => found.address),
      ['b', 'c', 'a'],
    )
    // Fewer than the turn says.
    state.now = 1000
    state.answer = async () => v4('d')
    cache.resolve('x')
    await settled()
    assert.equal(await addressOf(cache.resolve('x')), 'd')
  })

  it('asked for at the same time are looked up once', async () => {
    const { cache, state } = cacheOf()
    let answer: (found: ResolvedAddress[]) => void = () => {}
    state.answer = () => new Promise(resolve => (answer = resolve))
    const waiting = Array.from({ length: 50 }, () => cache.resolve('x'))
    answer(v4('a', 'b'))
    const found = await Promise.all(waiting)
    assert.equal(found.filter(({ address }) => address === 'a').length, 25)
    assert.deepEqual(state.asked, ['x'])
  })

  it('are looked up each time when answers have no life', async () => {
    const { cache, state } = cacheOf({ ttl: 0 })
    for (let i = 0; i < 3; i++) await cache.resolve('x')
    assert.equal(state.asked.length, 3)
  })

  it('are forgotten on demand', async () => {
    const { cache, state } = cacheOf()
    await cache.resolve('x')
    await cache.resolve('y')
    cache.forget('X')
    await cache.resolve('x')
    await cache.resolve('y')
    cache.forget()
    assert.equal(cache.size, 0)
    assert.deepEqual(state.asked, ['x', 'y', 'x'])
  })
})

describe('a resolver that fails', () => {
  it('is asked again after a second, not at each call', async () => {
    const { cache, state } = cacheOf()
    state.answer = () => Promise.reject(new Error('SERVFAIL'))
    const failure = await failureOf(() => cache.resolve('x'))
    assert.equal(failure.hostname, 'x')
    assert.match(failure.message, /"x" does not resolve: SERVFAIL/)
    state.now = 999
    await failureOf(() => cache.resolve('x'))
    assert.equal(state.asked.length, 1)
    state.now = 1000
    state.answer = async () => v4('a')
    assert.equal(await addressOf(cache.resolve('x')), 'a')
  })

  it('leaves known addresses in service for their time', async () => {
    const { cache, state } = cacheOf({ ttl: 1000, staleTtl: 5000 })
    await cache.resolve('abc')
    state.answer = () => Promise.reject(new Error('down'))
    for (state.now = 1000; state.now < 6000; state.now += 500) {
      assert.equal(await addressOf(cache.resolve('abc')), '192.0.2.3')
      await settled()
    }
    // Asked at most once a second.
    assert.ok(state.asked.length <= 7, `${state.asked.length}`)
    state.now = 6000
    await failureOf(() => cache.resolve('abc'))
    state.now = 8000
    await failureOf(() => cache.resolve('abc'))
    state.now = 10_000
    state.answer = async () => v4('a')
    assert.equal(await addressOf(cache.resolve('abc')), 'a')
  })

  it('is no different when it has no answer, throws, or never answers', async () => {
    const { cache, state } = cacheOf({ timeout: 20, negativeTtl: 0 })
    state.answer = async () => []
    assert.match((await failureOf(() => cache.resolve('x'))).message, /no address/)
    state.answer = () => {
      throw new Error('at once')
    }
    assert.match((await failureOf(() => cache.resolve('x'))).message, /at once/)
    state.answer = () => new Promise(() => {})
    assert.match((await failureOf(() => cache.resolve('x'))).message, /no answer within 20 ms/)
    state.answer = async () => v4('a')
    assert.equal(await addressOf(cache.resolve('x')), 'a')
  })
})

describe('clients that make names up', () => {
  it('fill no memory: the name unused longest goes', async () => {
    const { cache, state } = cacheOf({ capacity: 3 })
    for (const name of ['a', 'b', 'c', 'a', 'd']) await cache.resolve(name)
    assert.equal(cache.size, 3)
    await cache.resolve('a')
    await cache.resolve('b')
    assert.deepEqual(state.asked, ['a', 'b', 'c', 'd', 'b'])
  })

  it('start no more look-ups than there may be, those given up included, and stop no known name', async () => {
    const { cache, state } = cacheOf({ mostPending: 3, timeout: 10, negativeTtl: 0 })
    await cache.resolve('known')
    const answers: (() => void)[] = []
    state.answer = name => new Promise(resolve => answers.push(() => resolve(v4(name))))
    const flood = Array.from({ length: 10 }, (_, i) => failureOf(() => cache.resolve(`made-up-${i}`)))
    const messages = (await Promise.all(flood)).map(failure => failure.message)
    assert.equal(messages.filter(message => message.includes('too many look-ups')).length, 7)
    assert.equal(messages.filter(message => message.includes('no answer within')).length, 3)
    assert.match((await failureOf(() => cache.resolve('more'))).message, /too many/)
    assert.equal(await addressOf(cache.resolve('known')), '192.0.2.5')
    for (const answer of answers) answer()
    await settled()
    state.answer = async () => v4('a')
    assert.equal(await addressOf(cache.resolve('more')), 'a')
  })
})

describe('the look-up of the system', () => {
  it('knows localhost', async () => {
    const found = await systemLookup('localhost')
    assert.ok(
      found.some(({ address, family }) => (family === 4 ? address === '127.0.0.1' : address === '::1')),
    )
    await assert.rejects(systemLookup('no-such-name.invalid'))
  })
})
