/** Calls to other servers from the main thread: for logins, which ask identity providers. Nothing is opened before the first. */
import { DnsCache, systemLookup } from '../gateway/balancing/index.ts'
import type { CertificateSource } from '../gateway/backends/origin-of.ts'
import { Pools } from '../gateway/backends/pools.ts'
import type { PoolLimits } from '../http/index.ts'
import type { OutgoingCalls } from '../plugin/outgoing-calls.ts'
import { PooledCalls } from './outgoing-calls.ts'
import { lookupThrough } from './resolve.ts'

/** `dnsTtl`: milliseconds an address is kept. */
export function controlCalls(
  pool: Omit<PoolLimits, 'lookup'>,
  dnsTtl: number,
  certificates: CertificateSource,
): OutgoingCalls {
  let calls: OutgoingCalls | null = null
  return {
    send(call) {
      calls ??= new PooledCalls(
        new Pools({ ...pool, lookup: lookupThrough(new DnsCache(systemLookup, { ttl: dnsTtl })) }),
        certificates,
      )
      return calls.send(call)
    },
  }
}
