/** What becomes of callers while Redis is away, slow or somebody else. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { StoreUnavailable } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { freePort, redisMissing, startServer, type TestServer } from '../testing/redis-server.ts'
import { eventually, quickest, until } from '../testing/patience.ts'
import { openLine } from '../testing/cut-line.ts'
import { targetAt } from '../testing/redis-target.ts'

const options = { root: 'otoroshi', lookEvery: 60_000 }
const skip = redisMissing

// An unhandled rejection would end the test process with a failure; error events without a listener too.

async function serverOf(t: TestContext, config: readonly string[] = []): Promise<TestServer> {
  const server = await startServer({ config: ['appendonly yes', 'appendfsync always', ...config] })
  t.after(() => server.remove())
  return server
}

async function storeOf(t: TestContext, ports: readonly number[], timeout = 10_000) {
  const nodes = ports.map(port => ({ host: '127.0.0.1', port, password: null }))
  const store = await openRedisStore({ ...options, target: targetAt(0, { nodes, timeout }) })
  t.after(() => store.close())
  return store
}

/** Milliseconds until it fails. */
function took(work: () => Promise<unknown>, tries = 1): Promise<number> {
  return quickest(tries, () => assert.rejects(work(), StoreUnavailable))
}

test('a server that is killed: calls fail soon, then at once; it comes back: they work again', {
  skip,
}, async t => {
  const server = await serverOf(t)
  // What is told within a second is not told by this.
  const store = await storeOf(t, [server.port], 60_000)
  let looks = 0
  store.watch(
    () => {},
    () => void looks++,
  )
  await store.commit([{ key: 'a', value: '1' }])
  await server.kill()
  const first = await took(() => store.commit([{ key: 'a', value: '2' }]))
  assert.ok(first < 20_000, `${first} ms`)
  await sleep(1100)
  for (const work of [
    () => store.get('a'),
    () => store.increment('c', 1, 0),
    () => store.ping(),
    async () => {
      for await (const _ of store.scan('a')) assert.fail('nothing can be read')
    },
  ]) {
    const later = await took(work, 5)
    assert.ok(later < 500, `${later} ms`)
  }
  assert.equal(looks, 0)
  await server.start()
  const began = performance.now()
  assert.equal(await eventually(() => store.get('a')), '1')
  t.diagnostic(`back after ${Math.round(performance.now() - began)} ms`)
  await store.commit([{ key: 'a', value: '3' }], [{ key: 'a', value: '1' }])
  await until('watchers are told to look again', () => looks >= 1)
})

test('a call in a short outage waits for it to end', { skip }, async t => {
  const server = await serverOf(t)
  const store = await storeOf(t, [server.port])
  // It is short where the server starts in less than the second that a call waits.
  for (let attempt = 1; ; attempt++) {
    const began = performance.now()
    await server.kill()
    await sleep(20)
    const asked = store.commit([{ key: 'a', value: '1' }]).then(
      () => true,
      () => false,
    )
    await server.start()
    const short = performance.now() - began < 400
    if (await asked) break
    assert.ok(!short || attempt < 20, 'a short outage was not waited for')
    await eventually(() => store.ping())
  }
  assert.equal(await store.get('a'), '1')
})

test('a server that stands still: calls fail in time, and it is used again when it moves', {
  skip,
}, async t => {
  const server = await serverOf(t)
  const store = await storeOf(t, [server.port], 300)
  await store.increment('c', 1, 0)
  await server.holdStill()
  const waited = await took(() => store.get('c'))
  assert.ok(waited >= 290 && waited < 20_000, `${waited} ms`)
  await sleep(1100)
  assert.ok((await took(() => store.get('c'), 5)) < 290)
  server.letGoOn()
  assert.equal(await eventually(() => store.get('c')), '1')
  assert.equal(await eventually(() => store.increment('c', 1, 0)), 2)
})

test('a write whose answer is lost is not sent twice', { skip }, async t => {
  const server = await serverOf(t)
  const raw = new Redis(server.port)
  t.after(() => raw.disconnect())
  // A line that cuts every connection right after it has passed on a script, before the answer.
  const line = await openLine(t, server.port)
  const store = await storeOf(t, [line.port])
  await store.increment('c', 1, 0)
  line.cut = 'evalsha'
  await assert.rejects(store.increment('c', 1, 0), StoreUnavailable)
  line.cut = null
  // Only a connection that is not there yet fails here: nothing is sent then.
  assert.equal(await eventually(() => store.increment('c', 1, 0)), 3)
  assert.equal(await raw.get('c'), '3')
})

test('nobody there at the start: one sentence, within the timeout', { skip }, async t => {
  const port = await freePort()
  const began = performance.now()
  await assert.rejects(storeOf(t, [port], 500), {
    name: 'StoreUnavailable',
    message: new RegExp(`^Redis \\(127\\.0\\.0\\.1:${port}\\) cannot be used: connect ECONNREFUSED [^\\n]*$`),
  })
  assert.ok(performance.now() - began < 20_000)
})

test('something that is not Redis is told too', { skip }, async t => {
  const mute = net.createServer(socket => void socket.on('error', () => {}))
  await once(mute.listen(0, '127.0.0.1'), 'listening')
  t.after(() => mute.close())
  const { port } = mute.address() as net.AddressInfo
  await assert.rejects(storeOf(t, [port], 300), StoreUnavailable)
})

test('of a master and replicas the master is found, and the new one after they change roles', {
  skip,
}, async t => {
  const first = await serverOf(t)
  const second = await serverOf(t, [`replicaof 127.0.0.1 ${first.port}`])
  const store = await storeOf(t, [second.port, first.port])
  await store.commit([{ key: 'a', value: '1' }])
  const [one, two] = [new Redis(first.port), new Redis(second.port)]
  t.after(() => {
    one.disconnect()
    two.disconnect()
  })
  assert.equal(await one.get('a'), '1')
  await until('the replica follows', async () => (await two.get('a')) === '1')
  await two.replicaof('NO', 'ONE')
  await one.replicaof('127.0.0.1', String(second.port))
  await eventually(() => store.commit([{ key: 'b', value: '2' }]))
  assert.equal(await two.get('b'), '2')
})

test('closing ends every connection, also while Redis is away', { skip }, async t => {
  const server = await serverOf(t)
  const raw = new Redis(server.port)
  const named = async () =>
    ((await raw.client('LIST')) as string).split('\n').filter(l => l.includes('name=otoroshi')).length
  const store = await storeOf(t, [server.port])
  assert.equal(await named(), 2)
  await store.close()
  await until('every connection is gone', async () => (await named()) === 0)
  raw.disconnect()
  const other = await storeOf(t, [server.port])
  await server.kill()
  await sleep(50)
  const began = performance.now()
  await other.close()
  assert.ok(performance.now() - began < 20_000)
})
