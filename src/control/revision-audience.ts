/** Whoever serves revisions: the data-plane threads of this process, and later the workers of a cluster. */
import type { Acknowledgement, Delta } from '../revision/delta.ts'

export interface RevisionAudience {
  /**
   * Hands a delta to every live thread. Called once per revision, in order, never twice at a time. Resolves when all have
   * swapped, or when a bounded time has passed, with the acknowledgements that came. A rejection is reported and counts
   * as no acknowledgement: the write stays.
   */
  publish(delta: Delta): Promise<readonly Acknowledgement[]>
}
