/** What a producer sent and the events thread has not taken in yet, as far as the producer knows. */
import type { Batch } from './batch.ts'

interface Sent {
  readonly batch: number
  readonly events: number
  readonly size: number
  readonly carried: readonly (readonly [string, number])[]
}

export class Outstanding {
  /** Written by the events thread: the last batch it has taken in. */
  readonly memory = new SharedArrayBuffer(4)
  readonly #taken = new Int32Array(this.memory)
  readonly #sent: Sent[] = []
  #last = 0
  events = 0
  /** Characters. */
  size = 0

  /** The number of the batch that is sent now. */
  send(batch: Batch): number {
    const events = batch.texts.length
    this.#sent.push({ batch: ++this.#last, events, size: batch.size, carried: [...batch.carried()] })
    this.events += events
    this.size += batch.size
    return this.#last
  }

  /** Forgets what was taken in. */
  settle(): void {
    const taken = Atomics.load(this.#taken, 0)
    while (this.#sent.length > 0 && this.#sent[0]!.batch <= taken) {
      const { events, size } = this.#sent.shift()!
      this.events -= events
      this.size -= size
    }
  }

  /** What is lost by exporter when nobody takes in anything any more. */
  *lost(): Iterable<readonly [string, number]> {
    this.settle()
    for (const { carried } of this.#sent) yield* carried
  }
}

/** Tells a producer that the batch is accounted for. */
export function takeIn(memory: SharedArrayBuffer, batch: number): void {
  Atomics.store(new Int32Array(memory), 0, batch)
}
