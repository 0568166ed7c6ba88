/** The thread that transforms: one order after the other. Started by `workbench.ts`. */
import { parentPort } from 'node:worker_threads'
import { boundMemory, wasmMemory } from './bounded-memory.ts'
import { convert } from './convert.ts'
import type { Delivery, Job, Order, Outcome } from './job.ts'
import { rewrite } from './rewrite.ts'

/** Memory of WebAssembly after which the thread is worn: it never gives any back. */
const WORN = 96 * 1_048_576

boundMemory()

async function work(job: Job, most: number): Promise<Outcome> {
  if (job.kind === 'rewrite') return rewrite(job, most)
  if (job.kind !== 'filter') return convert(job, most)
  const { runFilter } = await import('./jq.ts')
  return runFilter(job, most)
}

parentPort!.on('message', ({ job, most }: Order) => {
  work(job, most).then(
    outcome => deliver({ outcome, tired: wasmMemory() > WORN }),
    (error: unknown) => {
      const details = [error instanceof Error ? error.message : String(error)]
      deliver({ outcome: { ok: false, fault: 'broken', details }, tired: true })
    },
  )
})
parentPort!.postMessage(null)

function deliver(delivery: Delivery): void {
  parentPort!.postMessage(delivery)
}
