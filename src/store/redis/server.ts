/** What a server says about itself. */
import { Cluster, type Redis } from 'ioredis'
import type { Client } from './clients.ts'
import { isReply } from './failure.ts'

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

/** A text that differs after anything was written; null when the servers do not say. */
export async function writeStamp(client: Client): Promise<string | null> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client]
  const infos = await Promise.all(servers.map(infoOf))
  const stamps = infos.map(info => {
    // The first counts writes, and begins again at each save, whose time is the second.
    const facts = ['run_id', 'rdb_changes_since_last_save', 'rdb_last_save_time'].map(name => info.get(name))
    return facts.every(fact => fact !== undefined) ? facts.join(' ') : null
  })
  return stamps.length > 0 && stamps.every(stamp => stamp !== null) ? stamps.sort().join(',') : null
}

async function infoOf(server: Redis): Promise<ReadonlyMap<string, string>> {
  try {
    const lines = (await server.info()).split('\r\n').filter(line => line.includes(':'))
    return new Map(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
  } catch (error) {
    if (isReply(error) && error.message.startsWith('NOPERM')) return new Map()
    throw error
  }
}
