/** The versions that go into one commit. */
import { hash } from 'node:crypto'
import type { Change, Precondition } from '../../store/contract.ts'
import { canonical } from '../entity-index.ts'
import type { IndexedEntity } from '../indexed-entity.ts'
import {
  type ChangeOrigin,
  type ChangeRecord,
  type EntityChange,
  type ImportCounts,
  type ImportRecord,
  ownOrigin,
} from './change-record.ts'
import type { History } from './history.ts'
import { importsPlace } from './history-keys.ts'
import { cameFrom, wentAway } from './moves.ts'
import { ownerFacts } from './owner-facts.ts'
import { headLine, packStates } from './states.ts'

/** Kinds without history: logins write them, and a session that was ended must not come back. */
const unrecorded = new Set(['AdminSession', 'AuthModuleUser'])

/** An entity before and after a change. At least one is there. */
export interface Transformed {
  readonly before: IndexedEntity | null
  readonly after: IndexedEntity | null
}

export class StagedHistory {
  readonly #history: History | null
  readonly #revision: number
  readonly #written: string[] = []
  #count = 0
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
    const history = this.#history
    if (history === null || entity === null || unrecorded.has(entity.definition.kind)) return null
    const { keys } = history
    const at = Date.now()
    const number = history.nextNumber(at)
    const change = changeOf(history, { before, after })
    const { place, left } = change
    const record: ChangeRecord = { number, at, ...change, ...origin, revision: this.#revision }
    this.#log(history, number, record)
    this.changes.push({ key: keys.change(place, number), value: left === undefined ? '' : cameFrom(left) })
    if (left !== undefined) this.changes.push({ key: keys.change(left, number), value: wentAway })
    this.#state(keys.state(place, number), '', { before, after })
    // What was just created has no older versions to be removed.
    if (before !== null) this.#written.push(place)
    return number
  }

  /** Notes an import as one change; answers its number, or null when nothing of it is recorded. */
  recordImport(parts: readonly Transformed[], origin: ChangeOrigin = ownOrigin): number | null {
    const history = this.#history
    const recorded = parts.filter(({ before, after }) => !unrecorded.has((after ?? before)!.definition.kind))
    if (history === null || recorded.length === 0) return null
    const { keys } = history
    const at = Date.now()
    const number = history.nextNumber(at)
    const revision = this.#revision
    const record: ImportRecord = { number, at, action: 'import', ...countsOf(recorded), ...origin, revision }
    this.#log(history, number, record)
    this.changes.push({ key: keys.change(importsPlace, number), value: '' })
    for (const part of recorded) {
      const change = changeOf(history, part)
      const { place } = change
      this.changes.push({ key: keys.change(place, number), value: JSON.stringify(change) })
      this.#state(keys.state(place, number), headLine(change), part)
      if (part.before !== null) this.#written.push(place)
    }
    this.#written.push(importsPlace)
    return number
  }

  #log(history: History, number: number, record: ChangeRecord | ImportRecord): void {
    const key = history.keys.record(number)
    this.changes.push({ key, value: JSON.stringify(record) })
    this.preconditions.push({ key, value: null })
    this.#count++
  }

  #state(key: string, head: string, { before, after }: Transformed): void {
    const value = head + packStates({ before: before?.json ?? null, after: after?.json ?? null })
    this.changes.push({ key, value })
    this.size += value.length
  }

  /** The commit was made. */
  committed(): void {
    if (this.#count > 0) this.#history?.committed(this.#count, this.#written)
  }
}

function changeOf(history: History, { before, after }: Transformed): EntityChange {
  const entity = (after ?? before)!
  const [old, now] = [before?.json ?? null, after?.json ?? null]
  const place = history.placeAt(entity.key)
  return {
    kind: canonical(entity.definition).kind,
    id: entity.id,
    place,
    ...(before !== null && before.key !== entity.key && { left: history.placeAt(before.key) }),
    action: before === null ? 'create' : after === null ? 'delete' : 'update',
    owners: { before: ownerFacts(old), after: ownerFacts(now) },
    digests: { before: digest(old), after: digest(now) },
  }
}

function digest(text: string | null): string | null {
  return text === null ? null : hash('sha256', text, 'base64url').slice(0, 22)
}

function countsOf(parts: readonly Transformed[]): ImportCounts {
  const created = parts.filter(({ before }) => before === null).length
  const removed = parts.filter(({ after }) => after === null).length
  return { created, updated: parts.length - created - removed, removed }
}
