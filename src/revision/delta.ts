/**
 * A revision travels from the control plane to the data plane as a delta: what changed since the one before.
 * A delta is applied whole or not at all; `revision` grows by one each time.
 */

/** An entity written. `json` is its stored text, parsed by whoever needs it; null: it stands in `SharedTexts`. */
export interface EntityWrite {
  /** Kind in its canonical spelling (`Route`, `Backend`, `GlobalConfig` …). */
  readonly kind: string
  readonly id: string
  readonly json: string | null
}

export interface EntityRemoval {
  readonly kind: string
  readonly id: string
}

export interface Delta {
  readonly revision: number
  /** True for the first delta a thread gets: everything it does not name does not exist. */
  readonly full: boolean
  readonly writes: readonly EntityWrite[]
  readonly removals: readonly EntityRemoval[]
}

/** What a data-plane thread answers once it serves a revision. */
export interface Acknowledgement {
  readonly revision: number
  /** Faults of single entities (law 1): the route closes, the rest is served. */
  readonly faults: readonly EntityFault[]
  /** Entities compiled anew although the delta does not write them (a route whose backend changed): old faults go. */
  readonly recompiled?: readonly EntityRemoval[]
}

/** Why an entity does not serve. */
export interface EntityFault {
  readonly kind: string
  readonly id: string
  /** Code of the reason catalogue, such as `plugin.unknown`. */
  readonly reason: string
  readonly message: string
}
