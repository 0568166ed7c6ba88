/**
 * The way of events out of a thread that makes them. What exporters do not want is left out here already, and what they want
 * leaves as the text they get: nothing else crosses to the events thread.
 *
 * Guarantees: `emit` neither waits nor throws; what the events thread has not taken in is bounded in number and size, and what
 * is beyond is dropped and counted. Ask `wanted` first: an event nobody wants is not made (law 9).
 */
import type { MessagePort } from 'node:worker_threads'
import { Batch } from './batch.ts'
import { type InstanceFacts, InstanceFields } from './instance-facts.ts'
import { LazyEvent } from './lazy-event.ts'
import type { ExporterRules, FromProducer } from './messages.ts'
import { Outstanding } from './outstanding.ts'
import { Selection } from './selection.ts'

/** Texts on their way to the events thread at most, and their characters. */
const MOST_OUTSTANDING = 20_000
const MOST_SIZE = 16 * 1024 * 1024
/** Texts of one message at most, their characters, and milliseconds until it leaves. */
const BATCH = 512
const BATCH_SIZE = 128 * 1024
const BATCH_TIME = 20

export class EventPort {
  /** What events say of the instance. */
  readonly instance: InstanceFields
  #port: MessagePort | null = null
  #selection = new Selection([])
  #unsent = new Int32Array(new SharedArrayBuffer(0))
  #batch = new Batch()
  #outstanding = new Outstanding()
  #timer: NodeJS.Timeout | null = null

  constructor(instance: InstanceFacts) {
    this.instance = new InstanceFields(instance)
  }

  /** True when some exporter may want events. */
  get wanted(): boolean {
    return this.#selection.ids.length > 0
  }

  /** Who wants which events. */
  configure(exporters: readonly ExporterRules[]): void {
    this.flush()
    this.#selection = new Selection(exporters)
    const ids = exporters.map(({ id }) => id)
    this.#unsent = new Int32Array(new SharedArrayBuffer(4 * ids.length))
    for (const [id, count] of this.#batch.counts())
      if (ids.includes(id)) this.#unsent[ids.indexOf(id)] = count
    this.#tellAccount()
  }

  /** Where events go. Null: nowhere yet. */
  connect(port: MessagePort | null): void {
    const before = this.#port
    this.#port = port
    before?.close()
    // What the events thread of before has not taken in went with it.
    for (const [id, count] of this.#outstanding.lost()) this.#batch.drop(id, 'events_thread_died', count)
    this.#outstanding = new Outstanding()
    this.#tellAccount()
    port?.on('close', () => {
      if (this.#port === port) this.#port = null
    })
    // A way out must not keep the thread alive.
    port?.unref()
    if (!this.#batch.empty) this.#flushSoon()
  }

  emit(event: LazyEvent | Readonly<Record<string, unknown>>): void {
    if (!this.wanted) return
    const batch = this.#batch
    const whole = event instanceof LazyEvent ? event : this.instance.enrich(event)
    this.#selection.take(whole, batch, this.#unsent, this.#hasRoom())
    if (batch.texts.length >= BATCH || batch.size >= BATCH_SIZE) this.flush()
    else if (!batch.empty) this.#flushSoon()
  }

  /** Sends what was emitted now: before the thread ends. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#port === null || this.#batch.empty) return
    this.#outstanding.settle()
    this.#post(this.#batch.message(this.#outstanding.send(this.#batch)))
    this.#batch = new Batch()
    this.#unsent.fill(0)
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.flush(), BATCH_TIME).unref()
  }

  #hasRoom(): boolean {
    if (this.#fits()) return true
    this.#outstanding.settle()
    return this.#fits()
  }

  #fits(): boolean {
    const { texts, size } = this.#batch
    return (
      this.#outstanding.events + texts.length < MOST_OUTSTANDING && this.#outstanding.size + size < MOST_SIZE
    )
  }

  #tellAccount(): void {
    this.#post({
      type: 'account',
      taken: this.#outstanding.memory,
      ids: this.#selection.ids,
      unsent: this.#unsent.buffer as SharedArrayBuffer,
    })
  }

  #post(message: FromProducer): void {
    this.#port?.postMessage(message)
  }
}
