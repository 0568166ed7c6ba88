/**
 * What happens to events on their way to one exporter: bounded queue, groups, retries, account. Filter and projection are the
 * matter of whoever makes events.
 *
 * Guarantees: memory is bounded by `bufferSize` and by a size; when the queue is full the oldest event is dropped, and counted;
 * events of a group that fails are tried again a few times, then dropped, and counted.
 */
import { compileFilter, compileForm } from './exporter-rules.ts'
import { type Exporter, ExporterFault, openExporter } from './exporters/index.ts'
import { Ledger } from './ledger.ts'
import { TextQueue } from './text-queue.ts'

/** What of a data exporter entity the pipeline looks at. */
export interface ExporterConfig {
  readonly id: string
  readonly type: string
  readonly enabled: boolean
  readonly bufferSize: number
  readonly sendWorkers: number
  readonly groupSize: number
  readonly groupDuration: number
  readonly filtering: { readonly include: readonly unknown[]; readonly exclude: readonly unknown[] }
  readonly projection: unknown
  readonly customFilter: unknown
  readonly customTransform: unknown
  readonly config: Readonly<Record<string, unknown>>
}

/** Tries of a group in all, and the wait before the second, milliseconds; it doubles. */
const TRIES = 4
const FIRST_WAIT = 200
/** Characters of what waits or is on its way at most. */
export const MOST_SIZE = 32 * 1024 * 1024

export class ExportPipeline {
  readonly ledger: Ledger
  readonly fault: string | null
  readonly #config: ExporterConfig
  readonly #exporter: Exporter | null
  readonly #queue = new TextQueue()
  #sending = 0
  /** Characters on their way. */
  #sendingSize = 0
  #timer: NodeJS.Timeout | null = null
  #stopped = false
  #idle: (() => void)[] = []

  /** `ledger`: the account of the exporter before it was changed, to be continued. */
  constructor(config: ExporterConfig, ledger = new Ledger(), open = openExporter) {
    this.ledger = ledger
    this.#config = config
    let exporter: Exporter | null = null
    let fault: string | null = null
    try {
      if (config.customFilter !== null || config.customTransform !== null)
        throw new ExporterFault('custom filters and transformations are not available in this version')
      compileFilter(config.filtering)
      compileForm(config.projection)
      exporter = open(config.type, config.config)
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error)
    }
    this.#exporter = exporter
    this.fault = fault
  }

  /** Takes the JSON of an event that passed the filter. */
  offer(text: string): void {
    this.ledger.produce()
    if (this.#exporter === null || this.#stopped) {
      this.ledger.drop(this.#stopped ? 'exporter_stopped' : 'exporter_fault')
      return
    }
    const queue = this.#queue
    queue.push(text)
    while (queue.length > this.#config.bufferSize || queue.size + this.#sendingSize > MOST_SIZE) {
      if (queue.length === 0) break
      queue.take(1)
      this.ledger.drop('queue_full')
    }
    if (queue.length >= this.#config.groupSize) this.#pump()
    else this.#timer ??= setTimeout(() => this.#pump(), this.#config.groupDuration)
  }

  /** Sends what waits, group after group. */
  #pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const workers = Math.max(1, this.#config.sendWorkers)
    while (this.#queue.length > 0 && this.#sending < workers) {
      const group = this.#queue.take(Math.max(1, this.#config.groupSize))
      const size = group.reduce((sum, text) => sum + text.length, 0)
      this.#sending++
      this.#sendingSize += size
      void this.#send(group).then(() => {
        this.#sending--
        this.#sendingSize -= size
        if (this.#queue.length >= this.#config.groupSize || (this.#stopped && this.#queue.length > 0))
          this.#pump()
        else if (this.#queue.length > 0)
          this.#timer ??= setTimeout(() => this.#pump(), this.#config.groupDuration)
        if (this.#sending === 0 && this.#queue.length === 0) for (const done of this.#idle.splice(0)) done()
      })
    }
  }

  async #send(group: readonly string[]): Promise<void> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      try {
        await this.#exporter!.send(group)
        this.ledger.deliver(group.length)
        return
      } catch {
        if (attempt < TRIES && !this.#stopped) await wait(FIRST_WAIT * 2 ** (attempt - 1))
      }
    }
    this.ledger.drop('send_failed', group.length)
  }

  /** Sends what is left, for at most `limit` milliseconds; the rest is dropped, and counted. */
  async stop(limit: number): Promise<void> {
    this.#stopped = true
    this.#pump()
    if (this.#sending > 0 || this.#queue.length > 0)
      await Promise.race([new Promise<void>(resolve => this.#idle.push(resolve)), wait(limit)])
    if (this.#queue.length > 0)
      this.ledger.drop('exporter_stopped', this.#queue.take(this.#queue.length).length)
    await this.#exporter?.close().catch(() => {})
  }
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
