/**
 * A thread beside the one that serves, for work on bodies that may take long: jq filters, patterns over whole texts.
 *
 * Guarantees: the caller is never blocked; each job ends in time, as a fault when it must; a job that hangs or breaks the thread
 * harms no other; memory is bounded; what waits is bounded. The thread begins with the first job and ends when there was none
 * for a while. Not guaranteed: that a job is quick while others are slow, since they are done one after the other.
 */
import { Worker } from 'node:worker_threads'
import type { Delivery, Job, JobFault, Order, Outcome } from './job.ts'

/** Milliseconds a job may take. */
const LONGEST_JOB = 5000
/** Milliseconds a thread may take to begin, on a machine that is busy. */
const LONGEST_START = 30_000
const IDLE = 60_000
const MOST_WAITING = 100
/** UTF-16 units of all texts that wait; one alone may be longer. */
const MOST_UNITS = 33_554_432

interface Waiting {
  readonly order: Order
  readonly done: (outcome: Outcome) => void
}

export class Workbench {
  readonly #longest: number
  readonly #waiting: Waiting[] = []
  #worker: Worker | null = null
  #ready = false
  #current: Waiting | null = null
  #timer: NodeJS.Timeout | null = null
  #units = 0

  /** `longest`: milliseconds a job may take. */
  constructor(longest = LONGEST_JOB) {
    this.#longest = longest
  }

  /** Does a job. `most`: longest result, UTF-16 units. Never rejects. */
  run(job: Job, most: number): Promise<Outcome> {
    const full = this.#units > 0 && this.#units + unitsOf(job) > MOST_UNITS
    if (full || this.#waiting.length >= MOST_WAITING) return Promise.resolve(fault('busy'))
    this.#units += unitsOf(job)
    return new Promise(done => {
      this.#waiting.push({ order: { job, most }, done })
      this.#next()
    })
  }

  #next(): void {
    if (this.#current !== null) return
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#rest()
      return
    }
    this.#units -= unitsOf(next.order.job)
    this.#current = next
    if (this.#worker === null) this.#start()
    this.#worker!.ref()
    if (this.#ready) this.#send(next)
    else this.#limit(LONGEST_START)
  }

  #send(next: Waiting): void {
    this.#limit(this.#longest)
    this.#worker!.postMessage(next.order)
  }

  #limit(milliseconds: number): void {
    this.#clear()
    this.#timer = setTimeout(
      () => this.#lose('too_slow', `it took more than ${milliseconds} ms`),
      milliseconds,
    )
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #start(): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'transform',
      // Filters can read the environment.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 },
    })
    this.#worker = worker
    this.#ready = false
    worker.on('message', (delivery: Delivery | null) => {
      if (worker !== this.#worker) return
      if (delivery !== null) this.#delivered(delivery)
      else {
        this.#ready = true
        if (this.#current !== null) this.#send(this.#current)
      }
    })
    worker.on('error', (error: Error) => {
      if (worker === this.#worker) this.#lose('broken', error.message)
    })
    worker.on('exit', () => {
      if (worker === this.#worker) this.#lose('broken', 'the thread ended')
    })
  }

  #delivered({ outcome, tired }: Delivery): void {
    const current = this.#current
    this.#current = null
    this.#clear()
    if (tired) this.#end()
    current?.done(outcome)
    this.#next()
  }

  /** The job is given up, and the thread with it. */
  #lose(why: JobFault, detail: string): void {
    const current = this.#current
    this.#current = null
    this.#clear()
    this.#end()
    current?.done(fault(why, detail))
    this.#next()
  }

  #end(): void {
    const worker = this.#worker
    this.#worker = null
    this.#ready = false
    worker?.terminate().catch(() => {})
  }

  #rest(): void {
    this.#worker?.unref()
    this.#clear()
    if (this.#worker === null) return
    this.#timer = setTimeout(() => this.#end(), IDLE)
    this.#timer.unref()
  }
}

function fault(why: JobFault, ...details: string[]): Outcome {
  return { ok: false, fault: why, details }
}

function unitsOf(job: Job): number {
  return (job.kind === 'filter' ? job.input : job.text)?.length ?? 0
}

let shared: Workbench | null = null

/** The workbench of this thread. */
export function workbench(): Workbench {
  shared ??= new Workbench()
  return shared
}
