/** What a writer asks of the control plane, and what comes back. */
import type { EntityDefinition } from '../model/entity.ts'
import type { Change, Precondition } from '../store/contract.ts'
import { describeFaults, type SchemaFault } from '../schema/index.ts'
import type { ChangeOrigin } from './history/change-record.ts'
import type { IndexedEntity } from './indexed-entity.ts'

/** What becomes of an entity. `entity` is validated by the control plane, whoever made it. */
export type Decision =
  | { readonly action: 'write'; readonly entity: unknown }
  | { readonly action: 'remove' }
  | { readonly action: 'keep' }

/**
 * Decides on a change from what is there. Pure and synchronous: it may be asked again when somebody else wrote first, and
 * sees every change that was asked for before it. Throwing refuses this change and no other.
 */
export type Transition = (current: IndexedEntity | null) => Decision

export interface ChangeRequest {
  readonly definition: EntityDefinition
  readonly id: string
  /** Organization, for kinds whose key holds it (teams). */
  readonly scope?: string
  readonly transition: Transition
  /** Who asks, for the history. Absent: the gateway itself. */
  readonly origin?: ChangeOrigin
  /**
   * What is no entity and is stored in the same commit, when the transition writes something other than what is there. A
   * precondition that fails rejects the change with `StoreConflict`.
   */
  readonly beside?: { readonly changes: readonly Change[]; readonly preconditions: readonly Precondition[] }
}

export interface ChangeOutcome {
  readonly before: IndexedEntity | null
  readonly after: IndexedEntity | null
  /** False when what is there is already what was asked: nothing was written. */
  readonly changed: boolean
  /** The revision that holds the change. */
  readonly revision: number
  /** Number of the change in the history, null when it has none. */
  readonly number: number | null
}

/** An entity that may not be written. Nothing was changed. */
export class InvalidEntity extends Error {
  readonly kind: string
  readonly faults: readonly SchemaFault[]

  constructor(kind: string, faults: readonly SchemaFault[]) {
    super(describeFaults(faults))
    this.name = 'InvalidEntity'
    this.kind = kind
    this.faults = faults
  }
}

/** The control plane was closed before the change was made. */
export class ControlPlaneClosed extends Error {
  constructor() {
    super('the control plane is closed')
    this.name = 'ControlPlaneClosed'
  }
}
