/** What a server says about itself. */
import { Cluster, type Redis } from 'ioredis'
import type { Client } from './clients.ts'
import { isReply } from './failure.ts'
import { run, stampScript } from './scripts.ts'

export interface ServerFacts {
  /** Writes go to an append-only file. */
  readonly persistent: boolean
  /** Keys are removed when the memory is full. */
  readonly evicts: boolean
}

/** Rejects when the server is no master. A user who may not ask for facts (`INFO`) gets none. */
export async function serverFacts(client: Client): Promise<ServerFacts> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  const infos = await Promise.all(servers.map(infoOf))
  if (!(client instanceof Cluster) && infos[0]?.get('role') === 'slave')
    throw new Error('the server is a replica, not a master')
  return {
    persistent: infos.length > 0 && infos.every(info => info.get('aof_enabled') === '1'),
    evicts: infos.some(
      info =>
        info.get('maxmemory') !== '0' && !(info.get('maxmemory_policy') ?? 'noeviction').startsWith('noe'),
    ),
  }
}

/**
 * A text that differs after anything was written but counters of ours; null when the servers do not say. `counted`: key of the
 * changes that were made for counting; null where they are not added up, so that counters count.
 */
export async function writeStamp(client: Client, counted: string | null): Promise<string | null> {
  if (!(client instanceof Cluster) && counted !== null) {
    const facts = await countedFacts(client, counted)
    if (facts !== null) return stampOf(facts.info, facts.changes)
  }
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  const infos = await Promise.all(servers.map(infoOf))
  const stamps = infos.map(info => stampOf(info, 0))
  return stamps.length > 0 && stamps.every(stamp => stamp !== null) ? stamps.sort().join(',') : null
}

/** Changes begin again at each save, whose time is therefore a part of the stamp. */
function stampOf(info: ReadonlyMap<string, string>, counted: number): string | null {
  const [server, changes, saved] = ['run_id', 'rdb_changes_since_last_save', 'rdb_last_save_time'].map(name =>
    info.get(name),
  )
  if (server === undefined || changes === undefined || saved === undefined) return null
  return `${server} ${Number(changes) - counted} ${saved}`
}

/** Both read at one moment; null where a script may not ask the server. */
async function countedFacts(
  client: Redis,
  key: string,
): Promise<{ readonly info: ReadonlyMap<string, string>; readonly changes: number } | null> {
  try {
    const [changes, ...texts] = (await run(client, stampScript, [key], [])) as [string, ...string[]]
    return { info: readInfo(texts.join('\r\n')), changes: Number(changes) || 0 }
  } catch (error) {
    if (isReply(error)) return null
    throw error
  }
}

function readInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter(line => line.includes(':'))
  return new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

async function infoOf(server: Redis): Promise<ReadonlyMap<string, string>> {
  try {
    return readInfo(await server.info())
  } catch (error) {
    if (isReply(error) && error.message.startsWith('NOPERM')) return new Map()
    throw error
  }
}
