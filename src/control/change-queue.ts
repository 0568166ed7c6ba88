import type { ChangeOutcome, ChangeRequest } from './change.ts'

/** A change that was asked for and not yet made. */
export interface PendingChange extends ChangeRequest {
  attempts: number
  /** To be committed with no other: a commit with others failed, and one of them is to blame. */
  alone: boolean
  readonly resolve: (outcome: ChangeOutcome) => void
  readonly reject: (error: unknown) => void
}

/** Changes in the order they were asked for. */
export class ChangeQueue {
  #changes: PendingChange[] = []
  #head = 0

  get size(): number {
    return this.#changes.length - this.#head
  }

  add(request: ChangeRequest): Promise<ChangeOutcome> {
    return new Promise((resolve, reject) => {
      this.#changes.push({ ...request, attempts: 0, alone: false, resolve, reject })
    })
  }

  next(): PendingChange | null {
    const change = this.#changes[this.#head]
    if (change === undefined) return null
    this.#head++
    if (this.#head > 1000 && this.#head * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(this.#head)
      this.#head = 0
    }
    return change
  }

  /** Changes that are to be decided again, before all others. */
  putBack(changes: readonly PendingChange[]): void {
    this.#changes = [...changes, ...this.#changes.slice(this.#head)]
    this.#head = 0
  }
}
