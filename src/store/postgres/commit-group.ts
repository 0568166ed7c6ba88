/** Decides several commits that share a transaction, one after the other, on rows that are locked. Pure. */
import { type Change, type Precondition, StoreConflict } from '../contract.ts'
import { compareKeys } from '../keys.ts'

export interface Commit {
  readonly changes: readonly Change[]
  readonly preconditions: readonly Precondition[]
}

/** A value to be written; `expiresAt` as in `Change`. */
export interface Write {
  readonly key: string
  readonly value: string
  readonly expiresAt: number
}

/** In place of a text: the row is alive and holds something else, a list or a set of an Otoroshi. */
export const foreign = Symbol('no text')

/** What a locked row shows: null where nobody sees it (expired), or nobody needs to know. */
export type LockedRow = string | null | typeof foreign

export interface GroupDecision {
  /** One per commit: null when it is to be made. */
  readonly refusals: readonly (StoreConflict | null)[]
  /** Rows to be made or replaced. */
  readonly writes: readonly Write[]
  /** Rows to be made, or the group is outrun: their absence was expected and an absent row cannot be locked. */
  readonly fresh: readonly Write[]
  /** Rows to be removed. */
  readonly removals: readonly string[]
  /** What the changes wrote and removed, as others are to hear it. */
  readonly written: readonly string[]
  readonly removed: readonly string[]
}

/** Keys to be locked, in the order in which everybody locks; true: the value is needed. */
export function keysOf(commits: readonly Commit[]): readonly (readonly [string, boolean])[] {
  const keys = new Map<string, boolean>()
  for (const { changes, preconditions } of commits) {
    for (const { key } of preconditions) keys.set(key, true)
    for (const { key } of changes) if (!keys.has(key)) keys.set(key, false)
  }
  return [...keys].sort(([a], [b]) => compareKeys(a, b))
}

/** `rows`: what is there, locked. What is no text is not absent either. `now` in epoch milliseconds. */
export function decideGroup(
  commits: readonly Commit[],
  rows: ReadonlyMap<string, LockedRow>,
  now: number,
): GroupDecision {
  const pending = new Map<string, Write | null>()
  const expectedAbsent = new Set<string>()
  const current = (key: string): LockedRow => {
    const write = pending.get(key)
    return write === undefined ? (rows.get(key) ?? null) : (write?.value ?? null)
  }
  const refusals = commits.map(({ changes, preconditions }) => {
    const broken = preconditions.find(({ key, value }) => current(key) !== value)
    if (broken !== undefined) return new StoreConflict(broken.key)
    for (const { key, value } of preconditions)
      if (value === null && !rows.has(key) && !pending.has(key)) expectedAbsent.add(key)
    for (const { key, value, expiresAt = 0 } of changes) {
      const over = expiresAt !== 0 && expiresAt <= now
      pending.set(key, value === null || over ? null : { key, value, expiresAt })
    }
    return null
  })
  const writes: Write[] = []
  const fresh: Write[] = []
  const removals: string[] = []
  for (const [key, write] of pending) {
    if (write !== null) (expectedAbsent.has(key) ? fresh : writes).push(write)
    else if (rows.has(key)) removals.push(key)
  }
  // A row that must stay absent is made and removed: nobody else can make it meanwhile.
  for (const key of expectedAbsent)
    if (!(pending.get(key) ?? null)) {
      fresh.push({ key, value: '', expiresAt: 0 })
      removals.push(key)
    }
  const byKey = (a: { key: string }, b: { key: string }) => compareKeys(a.key, b.key)
  return {
    refusals,
    writes: writes.sort(byKey),
    fresh: fresh.sort(byKey),
    removals: removals.sort(compareKeys),
    written: [...pending].flatMap(([key, write]) => (write === null ? [] : [key])),
    removed: [...pending].flatMap(([key, write]) => (write === null ? [key] : [])),
  }
}
