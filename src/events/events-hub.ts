/**
 * The events thread as the main thread sees it: started when the first enabled exporter appears, fed with the configuration of
 * exporters, asked for the account.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import type { InstanceFacts } from './instance-facts.ts'
import type { EventsLedger, EventsThreadData, ExporterStatus, FromEvents, ToEvents } from './messages.ts'
import type { ExporterConfig } from './pipeline.ts'

export interface EventsHubOptions {
  readonly instance: InstanceFacts
  /** Producers are to connect to new ports (a new thread came, or the events thread was replaced). */
  readonly onStarted: () => void
  /** Whether anybody wants events has changed. */
  readonly onWanted: (wanted: boolean) => void
  readonly onStatus: (statuses: readonly ExporterStatus[]) => void
  readonly log: (level: 'warn' | 'error', message: string) => void
}

const EMPTY: EventsLedger = { received: 0, droppedByProducers: 0, exporters: {} }

export class EventsHub {
  readonly #options: EventsHubOptions
  readonly #configs = new Map<string, ExporterConfig>()
  readonly #answers = new Map<number, (message: FromEvents) => void>()
  #worker: Worker | null = null
  #nextId = 0
  #closing = false

  constructor(options: EventsHubOptions) {
    this.#options = options
  }

  /** Somebody exports. */
  get wanted(): boolean {
    return [...this.#configs.values()].some(config => config.enabled)
  }

  /** Writes or (null) removes the configuration of an exporter. */
  configure(id: string, config: ExporterConfig | null): void {
    const before = this.wanted
    if (config === null) this.#configs.delete(id)
    else this.#configs.set(id, config)
    if (this.wanted && this.#worker === null) this.#start()
    this.#tell({ type: 'exporters', configs: [...this.#configs.values()] })
    if (before !== this.wanted) this.#options.onWanted(this.wanted)
  }

  /** The end of a new channel for a producer, or null while there is no events thread. */
  openPort(): MessagePort | null {
    if (this.#worker === null) return null
    const { port1, port2 } = new MessageChannel()
    this.#worker.postMessage({ type: 'producer', port: port1 } satisfies ToEvents, [port1])
    return port2
  }

  async ledger(): Promise<EventsLedger> {
    const answer = await this.#ask(id => ({ type: 'ledger', id }), 2_000)
    return answer?.type === 'ledger' ? answer.ledger : EMPTY
  }

  /** Sends what is left for at most `limit` milliseconds and ends the thread. */
  async close(limit: number): Promise<void> {
    this.#closing = true
    if (this.#worker === null) return
    await this.#ask(id => ({ type: 'drain', id, limit }), limit + 1_000)
    await this.#worker.terminate()
    this.#worker = null
  }

  #start(): void {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: 'events',
      workerData: { instance: this.#options.instance } satisfies EventsThreadData,
    })
    this.#worker = worker
    worker.unref()
    worker.on('message', (message: FromEvents) => {
      if (message.type === 'status') this.#options.onStatus(message.faults)
      else {
        this.#answers.get(message.id)?.(message)
        this.#answers.delete(message.id)
      }
    })
    worker.on('error', error => this.#options.log('error', `the events thread died: ${String(error)}`))
    worker.on('exit', () => {
      if (this.#closing || this.#worker !== worker) return
      this.#worker = null
      if (this.wanted) setTimeout(() => this.#restart(), 1_000).unref()
    })
    this.#options.onStarted()
  }

  #restart(): void {
    if (this.#closing || this.#worker !== null) return
    this.#start()
    this.#tell({ type: 'exporters', configs: [...this.#configs.values()] })
  }

  #ask(message: (id: number) => ToEvents, patience: number): Promise<FromEvents | null> {
    if (this.#worker === null) return Promise.resolve(null)
    const id = ++this.#nextId
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.#answers.delete(id)
        resolve(null)
      }, patience)
      this.#answers.set(id, answer => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#tell(message(id))
    })
  }

  #tell(message: ToEvents): void {
    this.#worker?.postMessage(message)
  }
}
