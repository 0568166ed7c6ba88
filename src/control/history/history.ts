/**
 * The history: what was changed in the store, by whom, and how it was before.
 *
 * Guarantees: a change and its version are one commit; nothing is loaded at start; reading meets the latest change first
 * and holds a batch at a time. Of a shared store: every gateway of this kind records its own changes, once. Changes made by
 * others (upstream, by hand) leave no version; they show as a version whose `before` is not what the one before it left.
 */
import type { EntityDefinition } from '../../model/entity.ts'
import { storageKeyOf } from '../../model/storage-key.ts'
import type { Change, Precondition, Store } from '../../store/contract.ts'
import { type ChangeOrigin, type ChangeRecord, readRecord } from './change-record.ts'
import { ChangeNumbers, HistoryKeys, numberIn } from './history-keys.ts'
import { Retention, type RetentionOptions } from './retention.ts'
import { packStates, type States, unpackStates } from './states.ts'

/** Kinds without history: logins write them, and a session that was ended must not come back. */
const unrecorded = new Set(['AdminSession', 'AuthModuleUser'])

export interface HistoryOptions extends RetentionOptions {
  readonly store: Store
  /** Setting `storageRoot`. */
  readonly root: string
}

/** A decided change that is to be recorded. */
export interface HistoryEntry extends States {
  readonly definition: EntityDefinition
  readonly id: string
  /** Keys of the entity before and after; equal as a rule. */
  readonly keys: { readonly before: string | null; readonly after: string | null }
  readonly origin: ChangeOrigin
  readonly revision: number
}

/** What belongs into the commit of a change. */
export interface HistoryWrites {
  readonly number: number
  readonly place: string
  readonly changes: readonly Change[]
  readonly preconditions: readonly Precondition[]
  /** UTF-16 units. */
  readonly size: number
}

/** A change with the entity before and after it. */
export interface Version extends States {
  readonly record: ChangeRecord
}

/** The states of a change, without its record. */
export interface VersionStates extends States {
  readonly number: number
}

export class History {
  readonly #store: Store
  readonly #root: string
  readonly #keys: HistoryKeys
  readonly #numbers = new ChangeNumbers()
  readonly #retention: Retention

  constructor(options: HistoryOptions) {
    this.#store = options.store
    this.#root = options.root
    this.#keys = new HistoryKeys(options.root)
    this.#retention = new Retention(options.store, this.#keys, options)
  }

  /** The writes that record a change; null when its kind has no history. */
  writesOf(entry: HistoryEntry): HistoryWrites | null {
    const { definition, id, keys, before, after, origin, revision } = entry
    const key = keys.after ?? keys.before
    if (key === null || unrecorded.has(definition.kind)) return null
    const at = Date.now()
    const number = this.#numbers.next(at)
    const place = this.#keys.placeOf(key)
    const left = keys.before === null || keys.before === key ? null : this.#keys.placeOf(keys.before)
    const record: ChangeRecord = {
      number,
      at,
      kind: definition.kind,
      id,
      place,
      ...(left !== null && { left }),
      action: before === null ? 'create' : after === null ? 'delete' : 'update',
      ...origin,
      revision,
    }
    const states = packStates({ before, after })
    const recordKey = this.#keys.record(number)
    return {
      number,
      place,
      changes: [
        { key: recordKey, value: JSON.stringify(record) },
        { key: this.#keys.states(place, number), value: states },
        ...(left === null ? [] : [{ key: this.#keys.states(left, number), value: states }]),
      ],
      preconditions: [{ key: recordKey, value: null }],
      size: states.length,
    }
  }

  /** Changes of these places were committed. */
  committed(places: readonly string[]): void {
    this.#retention.note(places)
  }

  /** Where the versions of an entity are found, whether it is there or not. */
  placeOf(definition: EntityDefinition, id: string, scope?: string): string {
    return this.#keys.placeOf(storageKeyOf(this.#root, definition, id, scope))
  }

  /** The same by the key of the entity in the store. */
  placeAt(key: string): string {
    return this.#keys.placeOf(key)
  }

  /** The states of an entity, latest first, from the change `number` on when one is given. */
  async *statesOf(place: string, number?: number): AsyncGenerator<VersionStates> {
    const from = number === undefined ? undefined : this.#keys.states(place, number)
    for await (const entries of this.#store.scan(this.#keys.statesOf(place), from))
      for (const { key, value } of entries) {
        const [found, states] = [numberIn(key), unpackStates(value)]
        if (found !== null && states !== null) yield { number: found, ...states }
      }
  }

  /** Records of the instance, latest first, from the change `number` on when one is given. */
  async *records(number?: number): AsyncGenerator<ChangeRecord> {
    const from = number === undefined ? undefined : this.#keys.record(number)
    for await (const entries of this.#store.scan(this.#keys.log, from))
      for (const { value } of entries) {
        const record = readRecord(value)
        if (record !== null) yield record
      }
  }

  /** The record of a change, or null. */
  async record(number: number): Promise<ChangeRecord | null> {
    return readRecord(await this.#store.get(this.#keys.record(number)))
  }

  /** The states that belong to a record; null when they are gone. */
  async states({ place, number }: ChangeRecord): Promise<States | null> {
    const text = await this.#store.get(this.#keys.states(place, number))
    return text === null ? null : unpackStates(text)
  }

  /** A change with the entity before and after it, or null. */
  async version(number: number): Promise<Version | null> {
    const record = await this.record(number)
    const states = record === null ? null : await this.states(record)
    return record === null || states === null ? null : { record, ...states }
  }

  /** Removes now what is not to be kept any longer. */
  cleanUp(): Promise<void> {
    return this.#retention.cleanUp()
  }

  close(): Promise<void> {
    return this.#retention.close()
  }
}
