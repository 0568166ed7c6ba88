/** All entities exchanged for others at once: what an import asks of the control plane, and what comes of it. */
import type { EntityDefinition } from '../model/entity.ts'
import type { Change } from '../store/contract.ts'
import type { ChangeOrigin } from './history/change-record.ts'
import type { IndexedEntity } from './indexed-entity.ts'

/** A validated entity in its normal form: every default filled. */
export interface IncomingEntity {
  readonly definition: EntityDefinition
  readonly id: string
  /** Key in the store. */
  readonly key: string
  readonly json: string
  /** Epoch milliseconds, 0 for never. */
  readonly expiresAt: number
}

export interface Replacement {
  /** By their store keys. */
  readonly entities: ReadonlyMap<string, IncomingEntity>
  /** True for an entity that stays though it is not among them. */
  stays(entity: IndexedEntity): boolean
  /** Written in the same commit; no keys of entities. */
  readonly changes: readonly Change[]
  /** Asked whenever it is decided, with the way to what is there; throwing refuses the whole. */
  readonly check?: (find: (definition: EntityDefinition, key: string) => IndexedEntity | null) => void
  /** Who asks, for the history. Absent: the gateway itself. */
  readonly origin?: ChangeOrigin
}

/** What became of the entities. Those that are the same in their normal form are unchanged and not written. */
export interface ReplacementOutcome {
  readonly created: readonly IndexedEntity[]
  readonly updated: readonly { readonly before: IndexedEntity; readonly after: IndexedEntity }[]
  readonly removed: readonly IndexedEntity[]
  readonly unchanged: number
  /** The revision that holds the change. */
  readonly revision: number
  /** Number of the change in the history, null when it has none. */
  readonly number: number | null
}
