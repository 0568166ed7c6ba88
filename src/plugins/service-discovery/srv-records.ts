/** SRV records (RFC 2782) as targets. */

export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Records that count at most. */
const MOST = 256

/**
 * The targets that records stand for, always in the same order: those of the lowest priority number take the requests, the
 * others are backups. A weight of zero counts as the smallest there is. `.` says that there is no such service.
 */
export function targetsOfRecords(
  records: readonly SrvRecord[],
  tls: boolean,
  addresses: ReadonlyMap<string, string>,
): readonly Readonly<Record<string, unknown>>[] {
  const servers = records.filter(({ name, port }) => name !== '' && name !== '.' && port > 0)
  const first = servers.reduce((least, { priority }) => Math.min(least, priority), Number.POSITIVE_INFINITY)
  return servers
    .toSorted((a, b) => a.priority - b.priority || compare(a.name, b.name) || a.port - b.port)
    .slice(0, MOST)
    .map(({ name, port, priority, weight }) => ({
      hostname: name.replace(/\.$/, ''),
      ip_address: addresses.get(name) ?? null,
      port,
      tls,
      weight: Math.max(1, weight),
      backup: priority > first,
    }))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
