/**
 * What happens to events on their way to one exporter: filter, projection, bounded queue, groups, retries, account.
 *
 * Guarantees: memory is bounded by `bufferSize`; when the queue is full the oldest event is dropped, and counted; events of
 * a group that fails are tried again a few times, then dropped, and counted.
 */
import { type Exporter, ExporterFault, openExporter } from './exporters/index.ts'
import { Ledger } from './ledger.ts'
import { compileMatch, isObject, type Matcher } from './match.ts'
import { compileProjection, type Projection } from './project.ts'

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

export class ExportPipeline {
  readonly ledger: Ledger
  readonly fault: string | null
  readonly #config: ExporterConfig
  readonly #exporter: Exporter | null
  readonly #accepts: Matcher
  readonly #project: Projection
  #queue: unknown[] = []
  #sending = 0
  #timer: NodeJS.Timeout | null = null
  #stopped = false
  #idle: (() => void)[] = []

  /** `ledger`: the account of the exporter before it was changed, to be continued. */
  constructor(config: ExporterConfig, ledger = new Ledger(), open = openExporter) {
    this.ledger = ledger
    this.#config = config
    let accepts: Matcher = () => true
    let exporter: Exporter | null = null
    let project: Projection = event => event
    let fault: string | null = null
    try {
      if (config.customFilter !== null || config.customTransform !== null)
        throw new ExporterFault('custom filters and transformations are not available in this version')
      accepts = acceptance(config)
      project = compileProjection(config.projection)
      exporter = open(config.type, config.config)
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error)
    }
    this.#accepts = accepts
    this.#exporter = exporter
    this.#project = project
    this.fault = fault
  }

  offer(event: unknown): void {
    if (this.#stopped || !this.#accepts(event)) return
    this.ledger.produce()
    if (this.#exporter === null) {
      this.ledger.drop('exporter_fault')
      return
    }
    this.#queue.push(this.#project(event))
    if (this.#queue.length > this.#config.bufferSize) {
      this.#queue.shift()
      this.ledger.drop('queue_full')
    }
    if (this.#queue.length >= this.#config.groupSize) this.#pump()
    else this.#timer ??= setTimeout(() => this.#pump(), this.#config.groupDuration)
  }

  /** Sends what waits, group after group. */
  #pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const workers = Math.max(1, this.#config.sendWorkers)
    while (this.#queue.length > 0 && this.#sending < workers) {
      const group = this.#queue.splice(0, Math.max(1, this.#config.groupSize))
      this.#sending++
      void this.#send(group).then(() => {
        this.#sending--
        if (this.#queue.length >= this.#config.groupSize || (this.#stopped && this.#queue.length > 0))
          this.#pump()
        else if (this.#queue.length > 0)
          this.#timer ??= setTimeout(() => this.#pump(), this.#config.groupDuration)
        if (this.#sending === 0 && this.#queue.length === 0) for (const done of this.#idle.splice(0)) done()
      })
    }
  }

  async #send(group: readonly unknown[]): Promise<void> {
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
    if (this.#queue.length > 0) this.ledger.drop('exporter_stopped', this.#queue.splice(0).length)
    await this.#exporter?.close().catch(() => {})
  }
}

function acceptance(config: ExporterConfig): Matcher {
  const include = config.filtering.include.map(compileMatch)
  const exclude = config.filtering.exclude.map(compileMatch)
  return event =>
    isObject(event) &&
    (include.length === 0 || include.some(matches => matches(event))) &&
    !exclude.some(matches => matches(event))
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
