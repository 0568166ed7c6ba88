/**
 * Entries in memory with expiry and undo: the heart of the memory and file drivers.
 * Not a store by itself: nothing here is asynchronous, durable or shared.
 */
import { type Change, type Entry, type Precondition, StoreConflict } from './contract.ts'
import { addTo, compareKeys, expiryOf } from './keys.ts'

export interface Slot {
  readonly value: string
  /** Epoch milliseconds, 0 for never. */
  readonly expiresAt: number
}

export class Table {
  readonly #slots = new Map<string, Slot>()
  #undo: Array<readonly [string, Slot | undefined]> | null = null
  #changed: Change[] = []
  #expiring = 0

  get size(): number {
    return this.#slots.size
  }

  get(key: string): string | null {
    return this.#live(key)?.value ?? null
  }

  /** Epoch milliseconds, 0 for never and for what is not there. */
  expiryOf(key: string): number {
    return this.#live(key)?.expiresAt ?? 0
  }

  /** Everything that has not expired, in no order. */
  *entries(): Generator<readonly [string, Slot]> {
    const now = Date.now()
    for (const entry of this.#slots) if (alive(entry[1], now)) yield entry
  }

  /** Live keys that start with `prefix`, from `from` on, in key order. */
  keys(prefix: string, from?: string): string[] {
    const keys: string[] = []
    for (const key of this.#slots.keys())
      if (key.startsWith(prefix) && (from === undefined || compareKeys(key, from) >= 0)) keys.push(key)
    return keys.sort(compareKeys)
  }

  /** Throws `StoreConflict` unless every precondition holds. */
  expect(preconditions: readonly Precondition[]): void {
    for (const { key, value } of preconditions) if (this.get(key) !== value) throw new StoreConflict(key)
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      const slot =
        change.value === null ? undefined : { value: change.value, expiresAt: change.expiresAt ?? 0 }
      this.#write(change.key, slot)
      if (this.#undo !== null) this.#changed.push(change)
    }
  }

  increment(key: string, by: number, ttl: number): number {
    const before = this.#live(key)
    const after = addTo(key, before?.value ?? null, by)
    const expiresAt = before === undefined ? expiryOf(ttl) : before.expiresAt
    this.apply([{ key, value: String(after), expiresAt }])
    return after
  }

  /** Remembers what follows until `commit` or `rollback`. */
  begin(): void {
    this.#undo = []
    this.#changed = []
  }

  /** What was written since `begin`. */
  written(): readonly Change[] {
    return this.#changed
  }

  commit(): void {
    this.#undo = null
    this.#changed = []
  }

  rollback(): void {
    const undo = this.#undo ?? []
    this.commit()
    for (let i = undo.length - 1; i >= 0; i--) this.#write(undo[i]![0], undo[i]![1])
  }

  /** Forgets what has expired. */
  sweep(): void {
    if (this.#expiring === 0) return
    const now = Date.now()
    for (const [key, slot] of this.#slots) if (!alive(slot, now)) this.#write(key, undefined)
  }

  #live(key: string): Slot | undefined {
    const slot = this.#slots.get(key)
    return slot !== undefined && alive(slot, Date.now()) ? slot : undefined
  }

  #write(key: string, slot: Slot | undefined): void {
    const before = this.#slots.get(key)
    this.#undo?.push([key, before])
    if (before !== undefined && before.expiresAt !== 0) this.#expiring--
    if (slot === undefined) {
      this.#slots.delete(key)
      return
    }
    if (slot.expiresAt !== 0) this.#expiring++
    this.#slots.set(key, slot)
  }
}

function alive(slot: Slot, now: number): boolean {
  return slot.expiresAt === 0 || slot.expiresAt > now
}

/** Entries of a table in batches; each batch shows the table as it is then. */
export async function* scanTable(
  table: Table,
  prefix: string,
  from?: string,
): AsyncGenerator<readonly Entry[]> {
  const keys = table.keys(prefix, from)
  const size = 1000
  for (let i = 0; i < keys.length; i += size) {
    const batch: Entry[] = []
    for (const key of keys.slice(i, i + size)) {
      const value = table.get(key)
      if (value !== null) batch.push({ key, value })
    }
    if (batch.length > 0) yield batch
  }
}
