/** The versions that go into one commit. */
import type { Change, Precondition } from '../../store/contract.ts'
import { canonical } from '../entity-index.ts'
import type { IndexedEntity } from '../indexed-entity.ts'
import { type ChangeOrigin, ownOrigin } from './change-record.ts'
import type { History } from './history.ts'

export class StagedHistory {
  readonly #history: History | null
  readonly #revision: number
  readonly #written: string[] = []
  readonly changes: Change[] = []
  readonly preconditions: Precondition[] = []
  /** UTF-16 units of text. */
  size = 0

  /** `history` null: nothing is recorded. */
  constructor(history: History | null, revision: number) {
    this.#history = history
    this.#revision = revision
  }

  /** Notes a change; answers its number, or null when it is not recorded. */
  record(
    before: IndexedEntity | null,
    after: IndexedEntity | null,
    origin: ChangeOrigin = ownOrigin,
  ): number | null {
    const entity = after ?? before
    if (this.#history === null || entity === null) return null
    const writes = this.#history.writesOf({
      definition: canonical(entity.definition),
      id: entity.id,
      keys: { before: before?.key ?? null, after: after?.key ?? null },
      before: before?.json ?? null,
      after: after?.json ?? null,
      origin,
      revision: this.#revision,
    })
    if (writes === null) return null
    this.changes.push(...writes.changes)
    this.preconditions.push(...writes.preconditions)
    this.size += writes.size
    // What was just created has no older versions to be removed.
    if (before !== null) this.#written.push(writes.place)
    return writes.number
  }

  /** The commit was made. */
  committed(): void {
    if (this.#written.length > 0) this.#history?.committed(this.#written)
  }
}
