/** Real threads over one memory: whatever they do at the same time, a body is that of its key, and nothing is lost. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { AnswerStore } from './answer-store.ts'
import { createCacheMemory } from './layout.ts'
import { figuresOf, purge } from './purge.ts'

const THREADS = 3

/** Keeps, reads, confirms and purges at random; tells how many answers it read, or what was wrong. */
const script = `
import { parentPort, workerData } from 'node:worker_threads'
const { AnswerStore } = await import(workerData.store)
const { purge } = await import(workerData.purge)
const store = new AnswerStore(workerData.memory, workerData.thread)
let seed = workerData.thread + 1
const random = most => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % most
const place = n => ({ key: store.key('k' + n), route: store.tag('route', 'r' + (n % 3)), url: 'a.test/' + n })
const facts = n => ({ status: 200, fields: [['N', String(n)], ['Fill', 'f'.repeat(random(5000))]], asked: 1, arrived: Date.now(), selected: [], part: null })
let read = 0
const held = []
for (let i = 0; i < workerData.rounds; i++) {
  const n = random(60)
  const here = place(n)
  const action = random(10)
  if (action < 4) {
    const { answer } = store.find(here.key, () => true)
    if (answer === null) continue
    const check = () => {
      const body = Buffer.concat([...answer.pieces(0, answer.bodyLength - 1)])
      if (answer.head.value('n') !== String(n) || body.some(byte => byte !== n)) throw new Error('the body of another')
      answer.release()
      read++
    }
    if (action === 0 && held.length < 5) held.push(check)
    else {
      if (action === 1) store.confirm(answer, facts(n))
      check()
    }
  } else if (action < 9) {
    const filling = action < 6 ? store.depart(here) : store.receive(here, store.changes)
    if (filling === null) continue
    const length = random(30000)
    if (!filling.begin(facts(n), [store.tag('tag', 't' + (n % 5))], action < 6 ? -1 : length, 40000, action === 8 ? 100000 : Infinity)) continue
    let left = length
    while (left > 0) {
      const size = Math.min(left, 1 + random(5000))
      if (!filling.write(Buffer.alloc(size, n))) break
      left -= size
      if (random(50) === 0) held.pop()?.()
    }
    if (random(10) === 0) filling.abandon()
    else filling.complete()
  } else if (random(20) === 0) purge(store, { route: random(2) === 0 ? 'r1' : null, urls: ['a.test/' + n], tags: ['t' + random(5)] })
}
for (const check of held) check()
parentPort.postMessage(read)
`

it('threads do not see each other half done', { timeout: 120_000 }, async () => {
  const memory = createCacheMemory(1024 * 1024, THREADS)
  const here = (file: string): string => new URL(file, import.meta.url).href
  const workerData = { memory, store: here('./answer-store.ts'), purge: here('./purge.ts'), rounds: 4000 }
  const workers = Array.from(
    { length: THREADS },
    (_, thread) =>
      new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
        workerData: { ...workerData, thread },
      }),
  )
  // A thread that fails tells it as an error.
  const told = Promise.all(workers.map(async worker => (await once(worker, 'message'))[0] as number))
  const read = await told.finally(() => Promise.all(workers.map(worker => worker.terminate())))
  assert.ok(
    read.every(count => count > 100),
    read.join(),
  )
  const main = new AnswerStore(memory, -1)
  purge(main, { route: null, urls: [], tags: [] })
  assert.deepEqual([figuresOf(main).used, figuresOf(main).answers], [0, 0])
})
