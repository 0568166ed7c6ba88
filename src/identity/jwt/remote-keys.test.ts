import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { MOST_STALE, RemoteKeys, UNKNOWN_PAUSE } from './remote-keys.ts'

const pairs = new Map(['a', 'b', 'c'].map(kid => [kid, generateKeyPairSync('ec', { namedCurve: 'P-256' })]))
const setOf = (...kids: string[]): string =>
  JSON.stringify({ keys: kids.map(kid => ({ ...pairs.get(kid)!.publicKey.export({ format: 'jwk' }), kid })) })

const TTL = 60_000

/** Keys of a server that the test plays, on a clock that the test moves. */
function served(answer: () => string | Promise<string>) {
  let now = 0
  let fetches = 0
  const faults: string[] = []
  const keys = new RemoteKeys({
    fetch: async () => {
      fetches++
      return answer()
    },
    ttl: TTL,
    now: () => now,
    onFault: message => faults.push(message),
  })
  const find = (kid: string): KeyObject | null | Promise<KeyObject | null> =>
    keys.find({ alg: 'ES256', kid }, 'EC')
  return {
    find,
    found: async (kid: string): Promise<boolean> => (await find(kid)) !== null,
    pass: (milliseconds: number) => (now += milliseconds),
    get fetches() {
      return fetches
    },
    faults,
  }
}

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('keys of a server', () => {
  test('are fetched once for all who wait, and then known without waiting', async () => {
    const server = served(() => setOf('a'))
    const all = await Promise.all(Array.from({ length: 20 }, () => server.found('a')))
    assert.ok(all.every(Boolean))
    assert.equal(server.fetches, 1)
    assert.ok(!(server.find('a') instanceof Promise))
  })

  test('are renewed beside the traffic before they end, and the same key stays the same object', async () => {
    const server = served(() => setOf('a'))
    await server.found('a')
    const before = server.find('a')
    server.pass(TTL * 0.8)
    assert.equal(server.find('a'), before, 'nobody waits')
    await settled()
    assert.equal(server.fetches, 2)
    assert.equal(server.find('a'), before)
  })

  test('that the server takes back are gone when their life is over', async () => {
    let text = setOf('a', 'b')
    const server = served(() => text)
    assert.ok(await server.found('a'))
    text = setOf('b')
    server.pass(TTL + 1)
    assert.equal(await server.found('a'), false)
    assert.ok(await server.found('b'))
  })

  test('that are new are found at once, but made-up names make no load', async () => {
    let text = setOf('a')
    const server = served(() => text)
    assert.ok(await server.found('a'))
    text = setOf('a', 'b')
    assert.ok(await server.found('b'))
    assert.equal(server.fetches, 2)
    for (let i = 0; i < 100; i++) assert.equal(await server.found(`made-up-${i}`), false)
    assert.equal(server.fetches, 2)
    server.pass(UNKNOWN_PAUSE)
    await Promise.all(Array.from({ length: 100 }, (_, i) => server.found(`made-up-${i}`)))
    assert.equal(server.fetches, 3)
  })

  test('are used while the server fails, for a bounded time, with pauses between attempts', async () => {
    let down = false
    const server = served(() => {
      if (down) throw new Error('down')
      return setOf('a')
    })
    assert.ok(await server.found('a'))
    down = true
    server.pass(TTL + 1)
    assert.ok(await server.found('a'))
    assert.equal(server.fetches, 2)
    for (let i = 0; i < 50; i++) assert.ok(await server.found('a'))
    assert.equal(server.fetches, 2, 'the server has its pause')
    server.pass(MOST_STALE)
    assert.equal(await server.found('a'), false)
    down = false
    server.pass(60_000)
    assert.ok(await server.found('a'))
    assert.match(server.faults[0]!, /down/)
  })

  test('are used at once while a server that has failed hangs, and nobody waits for each attempt', async () => {
    let answer: () => string | Promise<string> = () => setOf('a')
    const server = served(() => answer())
    assert.ok(await server.found('a'))
    answer = () => {
      throw new Error('down')
    }
    server.pass(TTL + 1)
    assert.ok(await server.found('a'))
    let arrive = (_: string): void => {}
    answer = () => new Promise(resolve => (arrive = resolve))
    server.pass(60_000)
    assert.ok(!(server.find('a') instanceof Promise))
    assert.equal(server.fetches, 3)
    const waiting = server.found('b')
    arrive(setOf('b'))
    assert.ok(await waiting, 'who has no key waits for the one that may come')
  })

  test('that are new are found as soon as the pause of a server is over', async () => {
    let answer = (): string => {
      throw new Error('down')
    }
    const server = served(() => answer())
    assert.equal(await server.found('a'), false)
    answer = () => setOf('a')
    assert.equal(await server.found('a'), false, 'the server has its pause')
    server.pass(1_500)
    assert.ok(await server.found('a'))
    answer = () => {
      throw new Error('down')
    }
    server.pass(TTL * 0.8)
    server.find('a')
    await settled()
    assert.equal(await server.found('b'), false, 'it has its pause again')
    answer = () => setOf('a', 'b')
    server.pass(1_500)
    assert.ok(await server.found('b'))
  })

  test('do not appear out of answers that are no set of keys', async () => {
    for (const text of ['', '<html>', '[]', '{}', '{"keys":{}}', 'null', '{"keys":[null,1,{}]}']) {
      const server = served(() => text)
      assert.equal(await server.found('a'), false, text)
    }
  })

  test('without a name in the token are none', async () => {
    const server = served(() => setOf('a'))
    const keys = new RemoteKeys({ fetch: async () => setOf('a'), ttl: TTL, now: () => 0, onFault: () => {} })
    assert.equal(keys.find({ alg: 'ES256', kid: null }, 'EC'), null)
    assert.equal(server.fetches, 0)
  })
})
