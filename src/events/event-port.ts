/**
 * The way of events out of a thread that serves requests.
 *
 * Guarantees: `emit` never waits; what the events thread has not taken in yet is bounded, beyond that events are dropped and
 * counted. Ask `wants` first: an event nobody wants is not built (law 9).
 */
import type { MessagePort } from 'node:worker_threads'
import type { ProducedEvents, TakenEvents } from './messages.ts'

/** Events on their way to the events thread at most. */
const MOST_OUTSTANDING = 20_000
/** Events in one message at most. */
const BATCH = 256

export class EventPort {
  #port: MessagePort | null = null
  #wanted = false
  #batch: unknown[] = []
  #outstanding = 0
  #dropped = 0
  #scheduled = false

  /** True when some exporter may want events. */
  get wanted(): boolean {
    return this.#wanted
  }

  /** Where events go; null: nowhere. */
  connect(port: MessagePort | null): void {
    this.#port?.close()
    this.#port = port
    // What the events thread of before has not taken in went with it.
    this.#dropped += this.#outstanding - this.#batch.length
    this.#outstanding = this.#batch.length
    port?.on('message', ({ taken }: TakenEvents) => {
      if (this.#port === port) this.#outstanding -= taken
    })
    // Waiting for answers must not keep the thread alive.
    port?.unref()
  }

  want(wanted: boolean): void {
    this.#wanted = wanted
  }

  emit(event: Readonly<Record<string, unknown>>): void {
    if (this.#port === null || !this.#wanted) return
    if (this.#outstanding >= MOST_OUTSTANDING) {
      this.#dropped++
      return
    }
    this.#outstanding++
    this.#batch.push(event)
    if (this.#batch.length >= BATCH) this.#flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(() => this.#flush())
    }
  }

  /** Sends what was emitted now: before the thread ends. */
  flush(): void {
    this.#flush()
  }

  #flush(): void {
    this.#scheduled = false
    if (this.#port === null || (this.#batch.length === 0 && this.#dropped === 0)) return
    const message: ProducedEvents = { events: this.#batch, dropped: this.#dropped }
    this.#batch = []
    this.#dropped = 0
    this.#port.postMessage(message)
  }
}
