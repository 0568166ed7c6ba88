/**
 * One transaction at a time for the commits of this process; those asked for meanwhile share the next one.
 *
 * Guarantees: commits are made in the order asked; one that is refused takes nobody with it; one that PostgreSQL cannot
 * take is tried alone, so that it fails alone.
 */
import type { Change, Precondition, StoreConflict, StoreUnavailable } from '../contract.ts'
import { decideGroup, type GroupDecision } from './commit-group.ts'
import { mayRetry, sqlState, unavailable } from './failure.ts'
import { type Committing, commitTogether } from './transaction.ts'

/** Most commits, keys and characters of one transaction; a single commit may be greater. */
const groupSize = 256
const groupKeys = 5_000
const groupLength = 8 * 1024 * 1024
/** How often a transaction is tried that others got in the way of. */
const attempts = 8

interface Waiting {
  readonly changes: readonly Change[]
  readonly preconditions: readonly Precondition[]
  readonly length: number
  readonly resolve: () => void
  readonly reject: (error: StoreConflict | StoreUnavailable) => void
}

/** Told of what was written, before the commits resolve. */
export type OnCommitted = (decision: GroupDecision, version: string | null) => void
/** Told when the connection broke under a transaction: it may have been made. */
export type OnDoubt = () => void

export class CommitLane {
  readonly #committing: Committing
  readonly #onCommitted: OnCommitted
  readonly #onDoubt: OnDoubt
  #waiting: Waiting[] = []
  #working: Promise<void> | null = null

  constructor(committing: Committing, onCommitted: OnCommitted, onDoubt: OnDoubt) {
    this.#committing = committing
    this.#onCommitted = onCommitted
    this.#onDoubt = onDoubt
  }

  commit(changes: readonly Change[], preconditions: readonly Precondition[]): Promise<void> {
    return new Promise((resolve, reject) => {
      let length = 0
      for (const { value } of changes) length += value?.length ?? 0
      this.#waiting.push({ changes, preconditions, length, resolve, reject })
      this.#working ??= this.#work()
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  async #work(): Promise<void> {
    // Whoever asks in the same turn comes along.
    await null
    while (this.#waiting.length > 0) await this.#make(this.#waiting.splice(0, this.#groupEnd()))
    // In the turn of the last look at what waits: who asks later starts again.
    this.#working = null
  }

  #groupEnd(): number {
    let [end, keys, length] = [0, 0, 0]
    for (const { changes, preconditions, length: more } of this.#waiting) {
      keys += changes.length + preconditions.length
      length += more
      if (end === groupSize || (end > 0 && (keys > groupKeys || length > groupLength))) break
      end++
    }
    return end
  }

  async #make(group: readonly Waiting[]): Promise<void> {
    try {
      const { decision, version } = await this.#attempt(group)
      this.#onCommitted(decision, version)
      for (const [i, { resolve, reject }] of group.entries()) {
        const refusal = decision.refusals[i] ?? null
        if (refusal === null) resolve()
        else reject(refusal)
      }
    } catch (error) {
      // Perhaps one of them is to blame. A connection that failed would fail again.
      if (group.length > 1 && sqlState(error) !== null && !mayRetry(error))
        for (const alone of group) await this.#make([alone])
      else for (const { reject } of group) reject(unavailable('write', error))
      if (sqlState(error) === null && !mayRetry(error)) this.#onDoubt()
    }
  }

  async #attempt(group: readonly Waiting[]): ReturnType<typeof commitTogether> {
    for (let i = 1; ; i++) {
      try {
        return await commitTogether(this.#committing, group, rows => decideGroup(group, rows, Date.now()))
      } catch (error) {
        if (!mayRetry(error) || i === attempts) throw error
        await new Promise(resolve => setTimeout(resolve, Math.random() * 10 * 2 ** i))
      }
    }
  }
}
