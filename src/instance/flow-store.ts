/** Flow reports of recent requests, and the try-it ids that ask for one. Bounded; nothing is kept on disk. */
import { randomBytes } from 'node:crypto'

export interface KeptFlow {
  readonly requestId: string
  readonly routeId: string
  readonly tryIt: string | null
  readonly report: unknown
}

/** Reports kept; the oldest goes first. */
const MOST_FLOWS = 200
const MOST_TRY_ITS = 100
/** Life of a try-it id and of its report, milliseconds. */
const LIFE = 5 * 60_000

export class FlowStore {
  readonly #flows = new Map<string, KeptFlow>()
  /** By try-it id: when it ends, and the report once it came. */
  readonly #tryIts = new Map<string, { readonly until: number; flow: KeptFlow | null }>()
  readonly #onTryIts: (ids: readonly string[]) => void

  /** `onTryIts` gets the ids that requests may name, whenever they change. */
  constructor(onTryIts: (ids: readonly string[]) => void) {
    this.#onTryIts = onTryIts
  }

  add(flow: KeptFlow): void {
    this.#flows.delete(flow.requestId)
    this.#flows.set(flow.requestId, flow)
    if (this.#flows.size > MOST_FLOWS) this.#flows.delete(this.#flows.keys().next().value!)
    const waiting = flow.tryIt === null ? undefined : this.#tryIts.get(flow.tryIt)
    if (waiting === undefined) return
    waiting.flow = flow
    this.#announce()
  }

  /** Report of a request, or null. */
  get(requestId: string): KeptFlow | null {
    return this.#flows.get(requestId) ?? null
  }

  /** Latest first. */
  list(routeId: string | null): readonly KeptFlow[] {
    const all = [...this.#flows.values()].reverse()
    return routeId === null ? all : all.filter(flow => flow.routeId === routeId)
  }

  /** A new id that one request may name to get a report. Null when too many are waiting. */
  register(): string | null {
    this.#forget()
    if (this.#tryIts.size >= MOST_TRY_ITS) return null
    const id = randomBytes(18).toString('base64url')
    this.#tryIts.set(id, { until: Date.now() + LIFE, flow: null })
    this.#announce()
    return id
  }

  /** The report a try-it id brought, once; null while it has not come. Undefined: no such id. */
  take(tryIt: string): KeptFlow | null | undefined {
    this.#forget()
    const waiting = this.#tryIts.get(tryIt)
    if (waiting === undefined) return undefined
    if (waiting.flow !== null) this.#tryIts.delete(tryIt)
    return waiting.flow
  }

  #forget(): void {
    const now = Date.now()
    let gone = false
    for (const [id, { until }] of this.#tryIts) {
      if (until > now) continue
      this.#tryIts.delete(id)
      gone = true
    }
    if (gone) this.#announce()
  }

  #announce(): void {
    this.#onTryIts([...this.#tryIts].filter(([, { flow }]) => flow === null).map(([id]) => id))
  }
}
