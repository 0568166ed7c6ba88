/** What the events thread, the main thread and the producers say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { DropReason, LedgerReport } from './ledger.ts'
import type { ExporterConfig } from './pipeline.ts'

export type ToEvents =
  | { readonly type: 'producer'; readonly port: MessagePort }
  /** All exporters, and the memory of their accounts by id. */
  | {
      readonly type: 'exporters'
      readonly configs: readonly ExporterConfig[]
      readonly ledgers: Readonly<Record<string, SharedArrayBuffer>>
    }
  | { readonly type: 'ledger'; readonly id: number }
  | { readonly type: 'drain'; readonly id: number; readonly limit: number }

export type FromEvents =
  | { readonly type: 'status'; readonly faults: readonly ExporterStatus[] }
  /** The accounts are written up; of these exporters there are pipelines. */
  | { readonly type: 'ledger'; readonly id: number; readonly running: readonly string[] }
  | { readonly type: 'drained'; readonly id: number }

/** What a producer needs to know of an exporter. */
export interface ExporterRules {
  readonly id: string
  readonly filtering: { readonly include: readonly unknown[]; readonly exclude: readonly unknown[] }
  readonly projection: unknown
  /** It does not run: its events are only counted. */
  readonly faulty: boolean
}

/** From a producer. */
export type FromProducer = ProducerAccount | ProducedEvents

/** Memory in which a producer counts what it has not sent yet, and is told what of the sent was taken in. */
export interface ProducerAccount {
  readonly type: 'account'
  /** One number of the last batch taken in. */
  readonly taken: SharedArrayBuffer
  /** By exporter, events that are accounted for in no batch yet. */
  readonly ids: readonly string[]
  readonly unsent: SharedArrayBuffer
}

export interface ProducedEvents {
  readonly type: 'events'
  /** Grows by one with each. */
  readonly batch: number
  /** Events that some exporter wants, and how many of these no exporter gets. */
  readonly events: number
  readonly lost: number
  /** JSON of events, as often as there are ways to project them. */
  readonly texts: readonly string[]
  readonly exporters: readonly ProducedForExporter[]
}

export interface ProducedForExporter {
  readonly id: string
  /** Places in `texts`. */
  readonly texts: readonly number[]
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
}

export interface ExporterStatus {
  readonly id: string
  readonly fault: string | null
}

export interface EventsLedger {
  /** Events that reached the events thread, and those that producers had to drop. */
  readonly received: number
  readonly droppedByProducers: number
  readonly exporters: Readonly<
    Record<string, LedgerReport & { readonly type: string; readonly fault: string | null }>
  >
}

export interface EventsThreadData {
  /** `received` and `droppedByProducers`. */
  readonly totals: SharedArrayBuffer
}
