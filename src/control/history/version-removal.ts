/** Removes versions with all that belongs to them, a few in each commit. */
import type { Change, Store } from '../../store/contract.ts'
import { readPart, readRecord } from './change-record.ts'
import { type HistoryKeys, importsPlace, numberIn } from './history-keys.ts'
import { placeLeft, wentAway } from './moves.ts'
import { readState } from './states.ts'

/** Keys removed by one commit, and the milliseconds until the next one. */
const batchSize = 600
const pause = 20

export class VersionRemoval {
  readonly #store: Store
  readonly #keys: HistoryKeys
  readonly #stopped: () => boolean
  #gone: string[] = []
  #imports: number[] = []

  /** `stopped`: true once nothing more is to be removed. */
  constructor(store: Store, keys: HistoryKeys, stopped: () => boolean) {
    this.#store = store
    this.#keys = keys
    this.#stopped = stopped
  }

  /** The version behind an entry of an entity: with the next `flush`. */
  version(key: string, value: string): void {
    const number = numberIn(key)
    if (number === null) return
    if (key === this.#keys.change(importsPlace, number)) {
      this.#imports.push(number)
      return
    }
    this.#gone.push(key)
    if (value === wentAway) return
    this.#gone.push(this.#keys.stateBehind(key, number))
    // The record of an import is not that of this entity alone.
    if (readPart(value) !== null) return
    this.#gone.push(this.#keys.record(number))
    const left = placeLeft(value)
    if (left !== null) this.#gone.push(this.#keys.change(left, number))
  }

  /** A change of the log: with the next `flush`. */
  change(key: string, value: string): void {
    const record = readRecord(value)
    if (record?.action === 'import') {
      this.#imports.push(record.number)
      return
    }
    this.#gone.push(key)
    if (record === null) return
    const { place, left, number } = record
    this.#gone.push(this.#keys.state(place, number), this.#keys.change(place, number))
    if (left !== undefined) this.#gone.push(this.#keys.change(left, number))
  }

  /** Removes what was noted. Rejects when the store fails. */
  async flush(): Promise<void> {
    for (const number of this.#imports.splice(0)) await this.#removeImport(number)
    await this.#remove(this.#gone.splice(0))
  }

  // The record goes last: what is left behind by a failure is found again.
  async #removeImport(number: number): Promise<void> {
    for await (const entries of this.#store.scan(this.#keys.statesOf(number))) {
      const gone = entries.flatMap(({ key, value }) => {
        const head = readState(value)?.head ?? null
        return head === null ? [key] : [key, this.#keys.change(head.place, number)]
      })
      await this.#remove(gone)
      if (this.#stopped()) return
    }
    await this.#remove([this.#keys.change(importsPlace, number), this.#keys.record(number)])
  }

  async #remove(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length && !this.#stopped(); i += batchSize) {
      const changes: Change[] = keys.slice(i, i + batchSize).map(key => ({ key, value: null }))
      await this.#store.commit(changes)
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }
}
