/** Commits on one server: a single script checks, writes and tells, or does nothing. */
import { type Change, type Precondition, StoreConflict } from '../contract.ts'
import type { Client } from './clients.ts'
import { commitScript, run } from './scripts.ts'

/** The way a store writes. */
export interface Commits {
  /** Start of the keys it keeps for itself; null: none. */
  readonly ownKeys: string | null
  /** Key that adds up the changes made for counting; null: they are not added up. */
  readonly counted: string | null
  /** Where it keeps names of keys in order; null: nowhere. */
  readonly names: OrderedNames | null
  /** Rejects with `StoreConflict`, or with what the connection or the server said. */
  commit(
    client: Client,
    changes: readonly Change[],
    preconditions: readonly Precondition[],
    notices: readonly string[],
  ): Promise<void>
  /** Finishes what a writer that is gone has begun. */
  recover(client: Client): Promise<void>
}

/** The names of all keys with a prefix, in a sorted set: to be read from any of them on, a few at a time. */
export interface OrderedNames {
  /** Key of the set. */
  readonly set: string
  readonly prefix: string
}

export function commitsOnServer(channel: string, counted: string, names: OrderedNames): Commits {
  return {
    ownKeys: counted,
    counted,
    names,
    async commit(client, changes, preconditions, notices) {
      const { keys, args } = written(changes, preconditions, [names.set])
      const told = [channel, String(notices.length), ...notices]
      const all = ['1', names.prefix, ...args, ...told]
      refuseConflict(await run(client, commitScript, keys, all), preconditions)
    },
    async recover() {},
  }
}

/** Keys and arguments of preconditions and changes, as the scripts read them. `before`: keys in front of those. */
export function written(
  changes: readonly Change[],
  preconditions: readonly Precondition[],
  before: readonly string[] = [],
): { keys: string[]; args: string[] } {
  const keys = [...before]
  const places = new Map<string, number>()
  const placeOf = (key: string): string => {
    let place = places.get(key)
    if (place === undefined) {
      place = keys.push(key)
      places.set(key, place)
    }
    return String(place)
  }
  const args: string[] = [String(preconditions.length)]
  for (const { key, value } of preconditions) args.push(placeOf(key), value === null ? '-' : '+', value ?? '')
  args.push(String(changes.length))
  for (const { key, value, expiresAt = 0 } of changes)
    args.push(placeOf(key), value === null ? '-' : '+', value ?? '', String(expiresAt))
  return { keys, args }
}

/** Throws `StoreConflict` when a script found a precondition that does not hold. */
export function refuseConflict(answer: unknown, preconditions: readonly Precondition[]): void {
  const place = Number(answer)
  if (place > 0) throw new StoreConflict(preconditions[place - 1]!.key)
}
