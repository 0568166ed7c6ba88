/**
 * The account of one exporter (law 7): produced = delivered + dropped + pending, at any moment.
 *
 * It lies in shared memory: the events thread writes it, and whoever outlives that thread goes on with it.
 */
export interface LedgerReport {
  /** Events that passed its filter. */
  readonly produced: number
  readonly delivered: number
  readonly dropped: Readonly<Record<string, number>>
  /** Waiting, or on their way. */
  readonly pending: number
}

/** Why an event was not delivered. */
const reasons = [
  'queue_full',
  'send_failed',
  'exporter_stopped',
  'exporter_fault',
  /** The thread that made it had to: the events thread did not keep up. */
  'events_thread_behind',
  /** The events thread had it, or it was on its way there. */
  'events_thread_died',
  /** The thread that made it had not sent it yet. */
  'producer_died',
  /** A plugin told something that has no JSON. */
  'not_json',
  'too_large',
] as const
export type DropReason = (typeof reasons)[number]

const PRODUCED = 0
const DELIVERED = 1
const DROPPED = 2

export class Ledger {
  readonly memory: SharedArrayBuffer
  readonly #counts: Float64Array

  constructor(memory = new SharedArrayBuffer(8 * (DROPPED + reasons.length))) {
    this.memory = memory
    this.#counts = new Float64Array(memory)
  }

  produce(count = 1): void {
    this.#counts[PRODUCED]! += count
  }

  deliver(count: number): void {
    this.#counts[DELIVERED]! += count
  }

  drop(reason: DropReason, count = 1): void {
    this.#counts[DROPPED + reasons.indexOf(reason)]! += count
  }

  /** Counts what is pending as dropped: nobody is there any more who could deliver it. */
  abandon(reason: DropReason): void {
    this.drop(reason, this.report().pending)
  }

  report(): LedgerReport {
    const counts = this.#counts
    const dropped: Record<string, number> = {}
    let lost = 0
    reasons.forEach((reason, i) => {
      const count = counts[DROPPED + i]!
      lost += count
      if (count > 0) dropped[reason] = count
    })
    const [produced, delivered] = [counts[PRODUCED]!, counts[DELIVERED]!]
    return { produced, delivered, dropped, pending: produced - delivered - lost }
  }
}
