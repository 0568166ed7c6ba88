/**
 * The events thread as the main thread sees it: started when the first enabled exporter appears, fed with the configuration of
 * exporters, replaced when it dies. The accounts outlive it.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { Ledger } from './ledger.ts'
import type {
  EventsLedger,
  EventsThreadData,
  ExporterRules,
  ExporterStatus,
  FromEvents,
  ToEvents,
} from './messages.ts'
import type { ExporterConfig } from './pipeline.ts'

export interface EventsHubOptions {
  /** Producers are to connect to new ports (a new thread came, or the events thread was replaced). */
  readonly onStarted: () => void
  /** Who wants which events has changed. */
  readonly onExporters: (exporters: readonly ExporterRules[]) => void
  readonly onStatus: (statuses: readonly ExporterStatus[]) => void
  readonly log: (level: 'warn' | 'error', message: string) => void
}

/** Milliseconds until an events thread that died is replaced. */
const REPLACED_AFTER = 1_000

export class EventsHub {
  readonly #options: EventsHubOptions
  readonly #configs = new Map<string, ExporterConfig>()
  readonly #ledgers = new Map<string, Ledger>()
  readonly #faults = new Map<string, string>()
  readonly #totals = new SharedArrayBuffer(16)
  readonly #answers = new Map<number, (message: FromEvents) => void>()
  #worker: Worker | null = null
  #nextId = 0
  #closing = false

  constructor(options: EventsHubOptions) {
    this.#options = options
  }

  /** What producers are to know of the exporters that are enabled. */
  get exporters(): readonly ExporterRules[] {
    return [...this.#configs.values()]
      .filter(({ enabled }) => enabled)
      .map(({ id, filtering, projection }) => ({ id, filtering, projection, faulty: this.#faults.has(id) }))
  }

  /** Writes or (null) removes the configuration of an exporter. */
  configure(id: string, config: ExporterConfig | null): void {
    const before = this.#configs.get(id)
    if (JSON.stringify(before ?? null) === JSON.stringify(config)) return
    this.#faults.delete(id)
    if (config === null) {
      this.#configs.delete(id)
      this.#ledgers.delete(id)
    } else {
      this.#configs.set(id, config)
      if (!this.#ledgers.has(id)) this.#ledgers.set(id, new Ledger())
    }
    if (config?.enabled === true && this.#worker === null) this.#start()
    this.#tellExporters()
    if (before?.enabled === true || config?.enabled === true) this.#options.onExporters(this.exporters)
  }

  /** The end of a new channel for a producer, or null while there is no events thread. */
  openPort(): MessagePort | null {
    if (this.#worker === null) return null
    const { port1, port2 } = new MessageChannel()
    this.#worker.postMessage({ type: 'producer', port: port1 } satisfies ToEvents, [port1])
    return port2
  }

  /** The accounts of exporters that run; while there is no events thread, of those that are to run. */
  async ledger(): Promise<EventsLedger> {
    const answer = await this.#ask(id => ({ type: 'ledger', id }), 2_000)
    const running = answer?.type === 'ledger' ? answer.running : this.exporters.map(({ id }) => id)
    const [received, droppedByProducers] = new Float64Array(this.#totals)
    return {
      received: received!,
      droppedByProducers: droppedByProducers!,
      exporters: Object.fromEntries(running.flatMap(id => this.#accountOf(id))),
    }
  }

  #accountOf(id: string): [string, EventsLedger['exporters'][string]][] {
    const config = this.#configs.get(id)
    const ledger = this.#ledgers.get(id)
    if (config === undefined || ledger === undefined) return []
    return [[id, { type: config.type, fault: this.#faults.get(id) ?? null, ...ledger.report() }]]
  }

  /** Sends what is left for at most `limit` milliseconds and ends the thread. */
  async close(limit: number): Promise<void> {
    this.#closing = true
    if (this.#worker === null) return
    await this.#ask(id => ({ type: 'drain', id, limit }), limit + 1_000)
    await this.#worker?.terminate()
    this.#worker = null
  }

  #start(): void {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: 'events',
      workerData: { totals: this.#totals } satisfies EventsThreadData,
    })
    this.#worker = worker
    worker.unref()
    worker.on('message', (message: FromEvents) => {
      if (message.type === 'status') this.#judged(message.faults)
      else {
        this.#answers.get(message.id)?.(message)
        this.#answers.delete(message.id)
      }
    })
    worker.on('error', error => this.#options.log('error', `the events thread died: ${String(error)}`))
    worker.on('exit', () => {
      if (this.#closing || this.#worker !== worker) return
      this.#worker = null
      // Its queues went with it.
      for (const ledger of this.#ledgers.values()) ledger.abandon('events_thread_died')
      if (this.exporters.length > 0) setTimeout(() => this.#restart(), REPLACED_AFTER).unref()
    })
    this.#options.onStarted()
  }

  #restart(): void {
    if (this.#closing || this.#worker !== null) return
    this.#start()
    this.#tellExporters()
  }

  /** Producers stop writing events for exporters that cannot run. */
  #judged(statuses: readonly ExporterStatus[]): void {
    const before = [...this.#faults.keys()].join('\n')
    this.#faults.clear()
    for (const { id, fault } of statuses) if (fault !== null) this.#faults.set(id, fault)
    if ([...this.#faults.keys()].join('\n') !== before) this.#options.onExporters(this.exporters)
    this.#options.onStatus(statuses)
  }

  #tellExporters(): void {
    const ledgers = Object.fromEntries([...this.#ledgers].map(([id, { memory }]) => [id, memory]))
    this.#tell({ type: 'exporters', configs: [...this.#configs.values()], ledgers })
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
