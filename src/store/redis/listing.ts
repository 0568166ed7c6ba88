/**
 * Reading by prefix. Redis hands keys out in no order and some twice, so the names are collected and sorted first (SCAN,
 * never KEYS: the server goes on serving), and values are fetched batch by batch.
 */
import { Cluster, type Redis } from 'ioredis'
import type { Entry } from '../contract.ts'
import { compareKeys } from '../keys.ts'
import type { Client } from './clients.ts'

/** Names asked for in one step of SCAN. */
const step = 2000
const batchSize = 500

/** Entries under one of the prefixes in key order. Keys that hold no text are left out. */
export async function* readPrefixes(
  client: () => Promise<Client>,
  prefixes: readonly string[],
  wanted: (key: string) => boolean,
): AsyncGenerator<readonly Entry[]> {
  const keys = (await keysUnder(await client(), prefixes)).filter(wanted)
  for (let i = 0; i < keys.length; i += batchSize) {
    const batch = await readKeys(await client(), keys.slice(i, i + batchSize))
    if (batch.length > 0) yield batch
  }
}

async function keysUnder(client: Client, prefixes: readonly string[]): Promise<string[]> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  const pattern = `${escaped(commonStart(prefixes))}*`
  const found: string[] = []
  await Promise.all(servers.map(server => collect(server, pattern, prefixes, found)))
  found.sort(compareKeys)
  return found.filter((key, i) => key !== found[i - 1])
}

async function collect(server: Redis, pattern: string, prefixes: readonly string[], found: string[]) {
  let cursor = '0'
  do {
    const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', step)
    for (const key of keys) if (prefixes.some(prefix => key.startsWith(prefix))) found.push(key)
    cursor = next
  } while (cursor !== '0')
}

/** Entries under these keys. Keys that hold no text are left out. */
export async function readKeys(client: Client, keys: readonly string[]): Promise<Entry[]> {
  const values =
    client instanceof Cluster
      ? await Promise.all(keys.map(key => textAt(client, key)))
      : await client.mget(...keys)
  const entries: Entry[] = []
  for (const [i, key] of keys.entries()) {
    const value = values[i] ?? null
    if (value !== null) entries.push({ key, value })
  }
  return entries
}

/** The text under a key; null when there is none, or a list, a hash or a set. */
export async function textAt(client: Client, key: string): Promise<string | null> {
  try {
    return await client.get(key)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null
    throw error
  }
}

function commonStart(texts: readonly string[]): string {
  let start = texts[0] ?? ''
  for (const text of texts) while (!text.startsWith(start)) start = start.slice(0, -1)
  // Half a character would not match itself.
  return start.isWellFormed() ? start : start.slice(0, -1)
}

/** As SCAN's patterns write it literally. */
function escaped(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}
