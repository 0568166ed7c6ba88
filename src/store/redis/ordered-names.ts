/**
 * Keys that are read in order from somewhere in their middle: the history, latest first. SCAN would go through every key of
 * the server for a page of it, so commits keep their names in a sorted set, which is in the order of their bytes.
 */
import type { Entry } from '../contract.ts'
import { compareKeys } from '../keys.ts'
import type { Client } from './clients.ts'
import type { OrderedNames } from './commit.ts'
import { readKeys } from './listing.ts'

/** Entries of the first batch and of those that follow: whoever wants a page needs no more. */
const firstSize = 100
const batchSize = 500
/** Greater than every byte of UTF-8. */
const beyond = Buffer.from([0xff])

/** Entries under the prefix in key order, from the key `from` on when one is given. */
export async function* readInOrder(
  client: () => Promise<Client>,
  { set }: OrderedNames,
  prefix: string,
  from = prefix,
): AsyncGenerator<readonly Entry[]> {
  let start = `[${compareKeys(from, prefix) > 0 ? from : prefix}`
  const end = Buffer.concat([Buffer.from(`(${prefix}`), beyond])
  for (let size = firstSize; ; size = batchSize) {
    const keys = await namesBetween(await client(), set, start, end, size)
    if (keys.length > 0) {
      const entries = await readKeys(await client(), keys)
      if (entries.length > 0) yield entries
    }
    if (keys.length < size) return
    start = `(${keys.at(-1)!}`
  }
}

/** Does to the set what commits and reads do, for nothing: rejects when the user may not. */
export async function tryNames(client: Client, { set }: OrderedNames): Promise<void> {
  // A name that no key has: it is gone at once.
  await client.zadd(set, 0, '')
  await client.zrem(set, '')
  await namesBetween(client, set, '[', Buffer.from('('), 1)
}

function namesBetween(
  client: Client,
  set: string,
  start: string,
  end: Buffer,
  size: number,
): Promise<string[]> {
  return client.zrangebylex(set, start, end, 'LIMIT', 0, size)
}
