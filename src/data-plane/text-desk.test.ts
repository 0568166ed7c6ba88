import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { TextDesk } from './text-desk.ts'

const code = `
  import { parentPort, workerData } from 'node:worker_threads'
  const { TextDesk } = await import(workerData.url)
  const desk = new TextDesk(workerData.memory, workerData.index, (kind, id, turn) =>
    parentPort.postMessage({ kind, id, turn }))
  parentPort.on('message', () => {
    desk.fetch('Apikey', 'first')
    desk.fetch('Apikey', 'second')
    parentPort.postMessage('done')
  })
  parentPort.postMessage('ready')
`

test('a thread stands still until each of its questions is answered, and no other thread wakes it', async () => {
  const memory = TextDesk.memory(2)
  const url = new URL('./text-desk.ts', import.meta.url).href
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { memory, index: 1, url },
  })
  const next = async (): Promise<unknown> => (await once(worker, 'message'))[0]
  assert.equal(await next(), 'ready')
  worker.postMessage('go')
  assert.deepEqual(await next(), { kind: 'Apikey', id: 'first', turn: 1 })
  const second = next()
  // The other thread has got its first three answers.
  TextDesk.answer(memory, 0, 3)
  const early = await Promise.race([second, new Promise(resolve => setTimeout(resolve, 100, 'still'))])
  assert.equal(early, 'still')
  TextDesk.answer(memory, 1, 1)
  assert.deepEqual(await second, { kind: 'Apikey', id: 'second', turn: 2 })
  const done = next()
  TextDesk.answer(memory, 1, 2)
  assert.equal(await done, 'done')
  // One that takes its place counts on.
  let turn = 0
  new TextDesk(memory, 1, (_, __, asked) => {
    turn = asked
    TextDesk.answer(memory, 1, asked)
  }).fetch('Apikey', 'third')
  assert.equal(turn, 3)
  await worker.terminate()
})
