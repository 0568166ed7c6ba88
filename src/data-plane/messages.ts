/** What the main thread and the data-plane threads say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { ExporterRules } from '../events/index.ts'
import type { Subject } from '../limits/subject.ts'
import type { PluginListing } from '../plugin/listing.ts'
import type { Acknowledgement, Delta, EntityFault, EntityRemoval } from '../revision/delta.ts'
import type { KeyToStore } from './apikey-desk.ts'
import type { PasswordAnswer, PasswordQuestion } from '../identity/password-question.ts'
import type { SnowMonkeyState } from './snow-monkey-state.ts'
import type { ListenerSettings } from './thread-settings.ts'

/** A request that is only thought of. */
export interface HypotheticalRequest {
  readonly method: string
  /** Absolute (`http://host/path?query`). */
  readonly url: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly remoteAddress: string
  readonly listener: string
}

export type ToThread =
  | { readonly type: 'delta'; readonly delta: Delta }
  | { readonly type: 'listen'; readonly listener: ListenerSettings }
  | { readonly type: 'unlisten'; readonly id: string }
  | { readonly type: 'plugins'; readonly files: readonly PluginFile[] }
  | { readonly type: 'explain'; readonly id: number; readonly request: HypotheticalRequest }
  /** What would close a route if the delta were applied: answered with the faults. */
  | { readonly type: 'try'; readonly id: number; readonly delta: Delta; readonly route: string }
  | { readonly type: 'try-its'; readonly ids: readonly string[] }
  /** The way of events out, null for none; and who wants which of them. */
  | { readonly type: 'events'; readonly port: MessagePort | null }
  | { readonly type: 'exporters'; readonly exporters: readonly ExporterRules[] }
  /** The key of a question is stored, or why not. */
  | { readonly type: 'apikey-stored'; readonly id: number; readonly fault: string | null }
  /** When secrets of API keys are exchanged; null for those that rotate no more. */
  | { readonly type: 'rotations'; readonly times: ReadonlyMap<string, number | null> }
  | { readonly type: 'password-answer'; readonly id: number; readonly answer: PasswordAnswer }
  /** The store was asked about a subject, or could not be. */
  | { readonly type: 'counted'; readonly name: string; readonly reached: boolean }
  /** Entries of the board that changed; a null value is gone. */
  | { readonly type: 'board'; readonly entries: readonly BoardEntry[] }
  | { readonly type: 'board-written'; readonly id: number; readonly fault: string | null }
  | { readonly type: 'snow-monkey'; readonly state: SnowMonkeyState }
  | { readonly type: 'drain'; readonly limit: number }

export type FromThread =
  | { readonly type: 'started' }
  | { readonly type: 'applied'; readonly acknowledgement: Acknowledgement }
  /** Routes that were looked at after their revision was served. */
  | {
      readonly type: 'inspected'
      readonly revision: number
      readonly faults: readonly EntityFault[]
      readonly inspected: readonly EntityRemoval[]
    }
  | { readonly type: 'listening'; readonly id: string; readonly port: number }
  | { readonly type: 'listen-failed'; readonly id: string; readonly message: string }
  /** The plugins folder was read: files that do not load, and the plugins that did. */
  | {
      readonly type: 'plugins-loaded'
      readonly failures: readonly PluginFailure[]
      readonly listings: readonly PluginListing[]
    }
  | { readonly type: 'explained'; readonly id: number; readonly report: unknown }
  | { readonly type: 'tried'; readonly id: number; readonly faults: readonly EntityFault[] }
  | { readonly type: 'flow'; readonly report: FlowMessage }
  | { readonly type: 'password'; readonly id: number; readonly question: PasswordQuestion }
  /** A request came with a session whose tokens are to be renewed. */
  | { readonly type: 'session-used'; readonly id: string }
  /** The text of an entity that is not there yet is to be read; answered through `TextDesk.answer`. */
  | { readonly type: 'fetch-text'; readonly kind: string; readonly id: string; readonly turn: number }
  /** An API key is to be stored unless there is one of its id; answered with `apikey-stored`. */
  | { readonly type: 'store-apikey'; readonly id: number; readonly key: KeyToStore }
  /** An entry of the board is to be stored, or removed (null); answered with `board-written`. */
  | {
      readonly type: 'board-write'
      readonly id: number
      readonly key: string
      readonly value: string | null
      readonly ttl: number
    }
  | { readonly type: 'drained' }
  /** Account is to be kept of a subject; answered with `counted`. */
  | { readonly type: 'count'; readonly subject: Subject }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string }

/** A fact of `Board`; `until`: epoch milliseconds. */
export interface BoardEntry {
  readonly key: string
  readonly value: string | null
  readonly until: number
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A file of the plugins folder; `version` changes with its content. */
export interface PluginFile {
  readonly path: string
  readonly version: string
}

export interface PluginFailure {
  readonly path: string
  readonly message: string
}

export interface FlowMessage {
  readonly requestId: string
  readonly routeId: string
  /** Try-it id that asked for it, or null. */
  readonly tryIt: string | null
  readonly report: unknown
}
