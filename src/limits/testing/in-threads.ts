/** Runs code in several real threads over the same cells. */
import { Worker } from 'node:worker_threads'

const cellsUrl = new URL('../cells.ts', import.meta.url).href

/**
 * Runs `body` (source of a function of cells, the thread's number and the imported `module`) in `threads` workers that
 * begin together, and answers what it returned in each.
 */
export async function inThreads<T>(
  memory: SharedArrayBuffer,
  threads: number,
  body: string,
  module = cellsUrl,
): Promise<T[]> {
  const go = new Int32Array(new SharedArrayBuffer(4))
  const source = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { SharedCells } = await import(workerData.cells)
    const module = await import(workerData.module)
    const cells = new SharedCells(workerData.memory)
    parentPort.postMessage('ready')
    Atomics.wait(workerData.go, 0, 0)
    const result = await (${body})(cells, workerData.n, module)
    parentPort.postMessage({ result })
  `
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  let ready = 0
  const runs = Array.from(
    { length: threads },
    (_, n) =>
      new Promise<T>((resolve, reject) => {
        const worker = new Worker(url, { workerData: { memory, go, n, module, cells: cellsUrl } })
        worker.on('error', reject)
        worker.on('message', (message: 'ready' | { result: T }) => {
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
