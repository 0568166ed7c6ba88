/** Counts from several real threads over the same memory. */
import { Worker } from 'node:worker_threads'

const url = (file: string): string => new URL(`../${file}`, import.meta.url).href

/** What each thread of a run tells. */
export interface ThreadCount {
  readonly passed: number
  readonly refused: number
}

/**
 * `threads` workers that begin together each make `calls` calls of every subject in `ids`; `plan` is the source of an
 * expression over the functions of `plan.ts`.
 */
export async function countInThreads(
  memory: SharedArrayBuffer,
  threads: number,
  { calls, ids, plan, family = 'address' }: { calls: number; ids: number; plan: string; family?: string },
): Promise<readonly ThreadCount[]> {
  const go = new Int32Array(new SharedArrayBuffer(4))
  const source = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { countLayout } = await import(${JSON.stringify(url('count-memory.ts'))})
    const { calendarOf } = await import(${JSON.stringify(url('calendar.ts'))})
    const { Tally, TAKE, PASS } = await import(${JSON.stringify(url('tally.ts'))})
    const { subjectOf } = await import(${JSON.stringify(url('subject.ts'))})
    const plans = await import(${JSON.stringify(url('plan.ts'))})
    const { windowPlan, bucketPlan, quotaPlan } = plans
    const plan = ${plan}
    const layout = countLayout(workerData.memory)
    const calendar = calendarOf(null)
    const tallies = Array.from({ length: ${ids} }, (_, i) =>
      new Tally(layout, calendar, subjectOf(${JSON.stringify(family)}, 'id' + i), Date.now()))
    parentPort.postMessage('ready')
    Atomics.wait(workerData.go, 0, 0)
    let passed = 0, refused = 0
    for (let i = 0; i < ${calls}; i++)
      for (const tally of tallies)
        if (tally.step(plan, Date.now(), TAKE, true) === PASS) passed++
        else refused++
    parentPort.postMessage({ passed, refused })
  `
  const code = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  let ready = 0
  return Promise.all(
    Array.from(
      { length: threads },
      () =>
        new Promise<ThreadCount>((resolve, reject) => {
          const worker = new Worker(code, { workerData: { memory, go } })
          worker.on('error', reject)
          worker.on('message', (message: 'ready' | ThreadCount) => {
            if (message !== 'ready') resolve(message)
            else if (++ready === threads) {
              Atomics.store(go, 0, 1)
              Atomics.notify(go, 0)
            }
          })
        }),
    ),
  )
}
