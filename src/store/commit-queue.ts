/**
 * Group commit: work asked for in the same turn shares one transaction, so one flush to disk serves many writers.
 *
 * Guarantees: a promise resolves only after the transaction holding its work was committed; work that fails takes nobody
 * with it; work runs in the order asked. Work must check before it writes: `StoreConflict` and `CounterRefused` roll nothing
 * back. Work may run twice when the transaction it shared failed: it must do nothing but write.
 */
import { StoreConflict } from './contract.ts'
import { CounterRefused } from './keys.ts'

/** What a driver gives: a transaction around synchronous work. Each may throw. */
export interface Transactional {
  begin(): void
  commit(): void
  /** Never throws. */
  rollback(): void
}

interface Request {
  readonly work: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

/** Most requests in one transaction: bounds how long the thread is held. */
const groupSize = 512

export class CommitQueue {
  readonly #target: Transactional
  #waiting: Request[] = []
  #scheduled = false

  constructor(target: Transactional) {
    this.#target = target
  }

  /** Runs `work` inside a transaction; resolves with its answer once that is committed. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: value => resolve(value as T), reject })
      this.#schedule()
    })
  }

  /** Does now what waits. */
  flush(): void {
    while (this.#waiting.length > 0) this.#group(this.#waiting.splice(0, groupSize))
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#group(this.#waiting.splice(0, groupSize))
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  #group(requests: readonly Request[]): void {
    if (requests.length === 0) return
    const outcomes = this.#attempt(requests)
    if (outcomes instanceof Failure && requests.length > 1) {
      // One of them may be to blame: each gets its own transaction.
      for (const request of requests) this.#group([request])
      return
    }
    requests.forEach((request, i) => {
      const outcome = outcomes instanceof Failure ? outcomes : outcomes[i]!
      if (outcome.ok) request.resolve(outcome.value)
      else request.reject(outcome.error)
    })
  }

  #attempt(requests: readonly Request[]): readonly Outcome[] | Failure {
    try {
      this.#target.begin()
      const outcomes = requests.map(request => attempt(request.work))
      this.#target.commit()
      return outcomes
    } catch (error) {
      this.#target.rollback()
      return new Failure(error)
    }
  }
}

class Failure {
  readonly ok = false
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

// Conflicts and refused counters happen before anything is written; every other error spoils the transaction.
function attempt(work: () => unknown): Outcome {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    if (error instanceof StoreConflict || error instanceof CounterRefused) return { ok: false, error }
    throw error
  }
}
