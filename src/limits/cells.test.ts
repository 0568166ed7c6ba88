import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createCellMemory, SharedCells } from './cells.ts'

const cellsUrl = new URL('./cells.ts', import.meta.url).href

/** Runs `body` (source of a function of `cells` and the thread's number) in `threads` workers at once. */
async function inThreads(memory: SharedArrayBuffer, threads: number, body: string): Promise<unknown[]> {
  const start = new SharedArrayBuffer(4)
  const source = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { SharedCells } = await import(workerData.url)
    const cells = new SharedCells(workerData.memory)
    parentPort.postMessage('ready')
    Atomics.wait(new Int32Array(workerData.start), 0, 0)
    const result = await (${body})(cells, workerData.n)
    parentPort.postMessage({ result })
  `
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const go = new Int32Array(start)
  let ready = 0
  const runs = Array.from(
    { length: threads },
    (_, n) =>
      new Promise<unknown>((resolve, reject) => {
        const worker = new Worker(url, { workerData: { memory, start, n, url: cellsUrl } })
        worker.on('error', reject)
        worker.on('message', message => {
          if (message !== 'ready') resolve(message.result)
          else if (++ready === threads) {
            Atomics.store(go, 0, 1)
            Atomics.notify(go, 0)
          }
        })
      }),
  )
  return Promise.all(runs)
}

describe('shared cells', () => {
  it('gives the same cell for the same key, another for another type or key', () => {
    const memory = createCellMemory(64)
    const one = new SharedCells(memory)
    const two = new SharedCells(memory)
    assert.equal(one.open('a').add(3), 3)
    assert.equal(two.open('a').get(), 3)
    assert.equal(two.open('b').get(), 0)
    assert.equal(two.openLong('a').get(), 0)
    assert.equal(one.openFloat('a').add(0.5), 0.5)
    assert.equal(two.openFloat('a').get(), 0.5)
  })

  it('wraps 32 bits, keeps 53 and compares before it exchanges', () => {
    const cells = new SharedCells(createCellMemory(64))
    const int = cells.open('i')
    int.set(2 ** 31 - 1)
    assert.equal(int.add(1), -(2 ** 31))
    const long = cells.openLong('l')
    assert.equal(long.add(2 ** 52), 2 ** 52)
    assert.equal(long.compareExchange(1, 2), false)
    assert.equal(long.compareExchange(2 ** 52, -7), true)
    assert.equal(long.get(), -7)
    const float = cells.openFloat('f')
    float.set(1.25)
    assert.equal(float.compareExchange(1.25, -2.5), true)
    assert.equal(float.get(), -2.5)
  })

  it('lives while somebody holds it and is zero afterwards', () => {
    const memory = createCellMemory(64)
    const one = new SharedCells(memory)
    const two = new SharedCells(memory)
    const held = one.open('a')
    const again = one.open('a')
    assert.equal(held, again)
    held.add(5)
    const other = two.open('a')
    one.close(held)
    one.close(again)
    one.close(again)
    assert.equal(other.get(), 5)
    assert.equal(one.used, 1)
    two.close(other)
    assert.equal(one.used, 0)
    assert.equal(one.open('a').get(), 0)
  })

  it('counts alone, and says so, when the table is full', () => {
    const cells = new SharedCells(createCellMemory(64))
    const opened = Array.from({ length: 200 }, (_, i) => cells.open(`k${i}`))
    const alone = opened.filter(cell => !cell.shared)
    assert.equal(cells.overflows, alone.length)
    assert.ok(alone.length >= 200 - 64)
    assert.equal(alone[0]!.add(2), 2)
    for (const cell of opened) cells.close(cell)
    assert.equal(cells.used, 0)
    assert.ok(cells.open('later').shared)
  })

  it('fills to two thirds before it overflows', () => {
    const cells = new SharedCells(createCellMemory(4096))
    for (let i = 0; i < 2731; i++) cells.open(`k${i}`)
    assert.equal(cells.overflows, 0)
  })

  it('refuses a foreign buffer and an absurd capacity', () => {
    assert.throws(() => new SharedCells(new SharedArrayBuffer(100)), RangeError)
    assert.throws(() => createCellMemory(0), RangeError)
    assert.throws(() => createCellMemory(2 ** 30), RangeError)
  })

  it('adds exactly from four threads', async () => {
    const memory = createCellMemory(1024)
    await inThreads(
      memory,
      4,
      `cells => {
        for (let k = 0; k < 20; k++) {
          const int = cells.open('int' + k), long = cells.openLong('long' + k), float = cells.openFloat('float' + k)
          for (let i = 0; i < 2000; i++) { int.add(1); long.add(3); float.add(0.5) }
        }
      }`,
    )
    const cells = new SharedCells(memory)
    for (let k = 0; k < 20; k++) {
      assert.equal(cells.open(`int${k}`).get(), 8000)
      assert.equal(cells.openLong(`long${k}`).get(), 24000)
      assert.equal(cells.openFloat(`float${k}`).get(), 4000)
    }
  })

  it('never gives two cells to one key while threads open and close it in a small table', async () => {
    const memory = createCellMemory(64)
    // Whoever adds one and reads less than one looked at another cell than he added to, or at one zeroed under him.
    const results = await inThreads(
      memory,
      4,
      `(cells, n) => {
        let clashes = 0, missed = 0
        for (let i = 0; i < 15000; i++) {
          const key = 'key' + (i % 5)
          const cell = cells.open(key)
          if (!cell.shared) missed++
          const noise = cells.open('noise' + n + (i % 3))
          cell.add(1)
          if (cell.get() < 1) clashes++
          cell.add(-1)
          cells.close(noise)
          cells.close(cell)
        }
        return { clashes, missed }
      }`,
    )
    assert.deepEqual(
      results,
      Array.from({ length: 4 }, () => ({ clashes: 0, missed: 0 })),
    )
    assert.equal(new SharedCells(memory).used, 0)
  })

  it('two threads that race to open a fresh key always meet', async () => {
    const memory = createCellMemory(2048)
    await inThreads(
      memory,
      4,
      `(cells, n) => {
        const barrier = cells.open('barrier')
        for (let round = 1; round <= 300; round++) {
          barrier.add(1)
          while (barrier.get() < round * 4);
          const churn = []
          for (let i = 0; i < 3; i++) churn.push(cells.open('churn' + n + i))
          cells.open('fresh' + round).add(1)
          for (const cell of churn) cells.close(cell)
        }
      }`,
    )
    const cells = new SharedCells(memory)
    for (let round = 1; round <= 300; round++) assert.equal(cells.open(`fresh${round}`).get(), 4)
  })
})
