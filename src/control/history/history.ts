/**
 * The history: what was changed in the store, by whom, and how it was before.
 *
 * Guarantees: a change and its version are one commit; nothing is loaded at start; reading meets the latest change first,
 * holds a batch at a time, and reads no entity unless it is asked for one. Of a shared store: every gateway of this kind
 * records its own changes, once. Changes made by others (upstream, by hand) leave no version; they show as a version
 * whose `before` is not what the one before it left.
 */
import { definitionOf } from '../../model/registry.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import { storageKeyOf } from '../../model/storage-key.ts'
import type { Store } from '../../store/contract.ts'
import {
  type ChangeRecord,
  type EntityChange,
  type ImportRecord,
  type LogRecord,
  readPart,
  readRecord,
} from './change-record.ts'
import { ChangeNumbers, HistoryKeys, numberIn } from './history-keys.ts'
import { Retention, type RetentionOptions } from './retention.ts'
import { readState, type States } from './states.ts'

export interface HistoryOptions extends RetentionOptions {
  readonly store: Store
  /** Setting `storageRoot`. */
  readonly root: string
}

/** What an import did to one entity. */
export interface ImportedEntity extends States {
  readonly definition: EntityDefinition
  readonly id: string
  /** Key in the store. */
  readonly key: string
}

/** Records read together. */
const readSize = 50

export class History {
  readonly keys: HistoryKeys
  readonly #store: Store
  readonly #root: string
  readonly #numbers = new ChangeNumbers()
  readonly #retention: Retention

  constructor(options: HistoryOptions) {
    this.#store = options.store
    this.#root = options.root
    this.keys = new HistoryKeys(options.root)
    this.#retention = new Retention(options.store, this.keys, options)
  }

  /** A number for a change that is made now. */
  nextNumber(at: number): number {
    return this.#numbers.next(at)
  }

  /** Changes were committed: so many, and of these places there are older ones. */
  committed(changes: number, places: readonly string[]): void {
    this.#retention.note(changes, places)
  }

  /** Where the versions of an entity are found, whether it is there or not. */
  placeOf(definition: EntityDefinition, id: string, scope?: string): string {
    return this.keys.placeOf(storageKeyOf(this.#root, definition, id, scope))
  }

  /** The same by the key of the entity in the store. */
  placeAt(key: string): string {
    return this.keys.placeOf(key)
  }

  /** Records of an entity, latest first, from the change `number` on when one is given. */
  async *recordsOf(place: string, number?: number): AsyncGenerator<ChangeRecord> {
    const from = number === undefined ? undefined : this.keys.change(place, number)
    for await (const entries of this.#store.scan(this.keys.changesOf(place), from))
      for (let i = 0; i < entries.length; i += readSize) {
        const some = entries.slice(i, i + readSize)
        const records = await Promise.all(
          some.map(({ key, value }) => this.#recordBehind(numberIn(key), value)),
        )
        for (const record of records) if (record !== null) yield record
      }
  }

  /** The record of an entity's change; null when the change is of another entity, or there is none. */
  async recordOf(place: string, number: number): Promise<ChangeRecord | null> {
    const value = await this.#store.get(this.keys.change(place, number))
    return value === null ? null : this.#recordBehind(number, value)
  }

  async #recordBehind(number: number | null, value: string): Promise<ChangeRecord | null> {
    const record = number === null ? null : await this.record(number)
    if (record === null) return null
    if (record.action !== 'import') return record
    const part = readPart(value)
    return part === null ? null : partOf(record, part)
  }

  /** Records of the instance, latest first, from the change `number` on when one is given. */
  async *records(number?: number): AsyncGenerator<LogRecord> {
    const from = number === undefined ? undefined : this.keys.record(number)
    for await (const entries of this.#store.scan(this.keys.log, from))
      for (const { value } of entries) {
        const record = readRecord(value)
        if (record !== null) yield record
      }
  }

  /** The record of a change, or null. */
  async record(number: number): Promise<LogRecord | null> {
    return readRecord(await this.#store.get(this.keys.record(number)))
  }

  /** The entity before and after a change; null when that is gone. */
  async states({ place, number }: ChangeRecord): Promise<States | null> {
    const text = await this.#store.get(this.keys.state(place, number))
    return text === null ? null : (readState(text)?.states ?? null)
  }

  /** Every entity that an import has changed, in batches. One whose kind is not known any more is null. */
  async *imported(number: number): AsyncGenerator<readonly (ImportedEntity | null)[]> {
    for await (const entries of this.#store.scan(this.keys.statesOf(number)))
      yield entries.map(({ value }) => {
        const { head = null, states = null } = readState(value) ?? {}
        const definition = head === null ? null : definitionOf(head.kind)
        if (head === null || states === null || definition === null) return null
        return { definition, id: head.id, key: this.keys.keyAt(head.place), ...states }
      })
  }

  /** Removes now what is not to be kept any longer. */
  cleanUp(): Promise<void> {
    return this.#retention.cleanUp()
  }

  close(): Promise<void> {
    return this.#retention.close()
  }
}

function partOf(
  { number, at, revision, clientId, user, from }: ImportRecord,
  part: EntityChange,
): ChangeRecord {
  return { number, at, revision, clientId, user, from, ...part, imported: true }
}
