/** The far end of a producer, as tests hear it. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { EventPort } from '../event-port.ts'
import { Intake } from '../intake.ts'
import { Ledger } from '../ledger.ts'
import type { ExporterRules } from '../messages.ts'

/** An exporter that wants everything as it is. */
export function wanting(id: string, more: Partial<ExporterRules> = {}): ExporterRules {
  return { id, filtering: { include: [], exclude: [] }, projection: {}, faulty: false, ...more }
}

/** Takes in what a producer sends, and keeps the account. */
export class Heard {
  readonly totals = new Float64Array(new SharedArrayBuffer(16))
  readonly #texts = new Map<string, string[]>()
  readonly #ledgers = new Map<string, Ledger>()
  readonly #intake: Intake

  /** `ledgers`: accounts that go on. */
  constructor(ledgers: ReadonlyMap<string, Ledger> = new Map()) {
    for (const [id, ledger] of ledgers) this.#ledgers.set(id, ledger)
    this.#intake = new Intake(
      {
        ledger: id => this.ledger(id),
        offer: id => text => {
          this.ledger(id).produce()
          this.ledger(id).deliver(1)
          this.#texts.set(id, [...(this.#texts.get(id) ?? []), text])
        },
      },
      this.totals.buffer as SharedArrayBuffer,
    )
  }

  /** Listens to a producer from now on. */
  to(producer: EventPort): this {
    const { port1, port2 } = new MessageChannel()
    this.listen(port2)
    producer.connect(port1)
    return this
  }

  /** Listens to the end of a channel. */
  listen(port: MessagePort): void {
    this.#intake.add(port)
    port.unref()
  }

  /** Takes in what was sent so far. */
  now(): this {
    this.#intake.drain()
    return this
  }

  /** Texts an exporter got. */
  texts(id: string): readonly string[] {
    return this.#texts.get(id) ?? []
  }

  ledger(id: string): Ledger {
    let ledger = this.#ledgers.get(id)
    if (ledger === undefined) this.#ledgers.set(id, (ledger = new Ledger()))
    return ledger
  }
}
