/** The account of one exporter (law 7): produced = delivered + dropped + pending, at any moment. */
export interface LedgerReport {
  /** Events that passed its filter. */
  readonly produced: number
  readonly delivered: number
  readonly dropped: Readonly<Record<string, number>>
  /** Waiting, or on their way. */
  readonly pending: number
}

/** Why an event was not delivered. */
export type DropReason = 'queue_full' | 'send_failed' | 'exporter_stopped' | 'exporter_fault'

export class Ledger {
  #produced = 0
  #delivered = 0
  #pending = 0
  readonly #dropped = new Map<DropReason, number>()

  produce(): void {
    this.#produced++
    this.#pending++
  }

  deliver(count: number): void {
    this.#delivered += count
    this.#pending -= count
  }

  drop(reason: DropReason, count = 1): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count)
    this.#pending -= count
  }

  report(): LedgerReport {
    return {
      produced: this.#produced,
      delivered: this.#delivered,
      dropped: Object.fromEntries(this.#dropped),
      pending: this.#pending,
    }
  }
}
