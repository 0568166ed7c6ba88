/** What the events thread, the main thread and the producers say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { InstanceFacts } from './instance-facts.ts'
import type { LedgerReport } from './ledger.ts'
import type { ExporterConfig } from './pipeline.ts'

export type ToEvents =
  | { readonly type: 'producer'; readonly port: MessagePort }
  | { readonly type: 'exporters'; readonly configs: readonly ExporterConfig[] }
  | { readonly type: 'ledger'; readonly id: number }
  | { readonly type: 'drain'; readonly id: number; readonly limit: number }

export type FromEvents =
  | { readonly type: 'status'; readonly faults: readonly ExporterStatus[] }
  | { readonly type: 'ledger'; readonly id: number; readonly ledger: EventsLedger }
  | { readonly type: 'drained'; readonly id: number }

/** From a producer: events, and how many it had to drop itself since the last message. */
export interface ProducedEvents {
  readonly events: readonly unknown[]
  readonly dropped: number
}

/** To a producer: so many events were taken in. */
export interface TakenEvents {
  readonly taken: number
}

export interface ExporterStatus {
  readonly id: string
  readonly fault: string | null
}

export interface EventsLedger {
  /** Events that reached the events thread, and those that producers dropped because it was behind. */
  readonly received: number
  readonly droppedByProducers: number
  readonly exporters: Readonly<
    Record<string, LedgerReport & { readonly type: string; readonly fault: string | null }>
  >
}

export interface EventsThreadData {
  readonly instance: InstanceFacts
}
