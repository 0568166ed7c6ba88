/** Where batches of all producers arrive: they are counted, and their texts go to the pipelines of the exporters. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { DropReason, Ledger } from './ledger.ts'
import type { FromProducer, ProducedEvents, ProducerAccount } from './messages.ts'
import { takeIn } from './outstanding.ts'

export interface IntakeTargets {
  /** The account of an exporter, whether it runs or not; undefined: nobody knows it. */
  ledger(id: string): Ledger | undefined
  /** Takes an event for an exporter; null: it does not run. */
  offer(id: string): ((text: string) => void) | null
}

export class Intake {
  readonly #targets: IntakeTargets
  readonly #producers = new Map<MessagePort, ProducerAccount | null>()
  /** Events received, and events that producers dropped. */
  readonly #totals: Float64Array

  constructor(targets: IntakeTargets, totals: SharedArrayBuffer) {
    this.#targets = targets
    this.#totals = new Float64Array(totals)
  }

  add(port: MessagePort): void {
    this.#producers.set(port, null)
    port.on('message', (message: FromProducer) => this.#receive(port, message))
    port.on('close', () => this.#gone(port))
  }

  /** Takes in what has arrived, now. */
  drain(): void {
    for (const port of this.#producers.keys())
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port))
        this.#receive(port, got.message as FromProducer)
  }

  #receive(port: MessagePort, message: FromProducer): void {
    if (message.type === 'account') this.#producers.set(port, message)
    else this.#take(port, message)
  }

  #take(port: MessagePort, { batch, events, lost, texts, exporters }: ProducedEvents): void {
    this.#totals[0]! += events - lost
    this.#totals[1]! += lost
    for (const { id, texts: places, dropped } of exporters) {
      const ledger = this.#targets.ledger(id)
      // Its account went with it.
      if (ledger === undefined) continue
      for (const [reason, count] of Object.entries(dropped)) lose(ledger, reason as DropReason, count)
      const offer = this.#targets.offer(id)
      if (offer === null) lose(ledger, 'exporter_stopped', places.length)
      else for (const place of places) offer(texts[place]!)
    }
    const account = this.#producers.get(port)
    if (account !== undefined && account !== null) takeIn(account.taken, batch)
  }

  /** A producer that ended as it should has sent everything. */
  #gone(port: MessagePort): void {
    const account = this.#producers.get(port)
    this.#producers.delete(port)
    if (account === undefined || account === null) return
    const unsent = new Int32Array(account.unsent)
    account.ids.forEach((id, i) => {
      const ledger = this.#targets.ledger(id)
      if (ledger !== undefined) lose(ledger, 'producer_died', unsent[i]!)
    })
  }
}

function lose(ledger: Ledger, reason: DropReason, count: number): void {
  ledger.produce(count)
  ledger.drop(reason, count)
}
