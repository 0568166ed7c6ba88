/** Name resolution of connections through the thread's cache. */
import type { LookupFunction } from 'node:net'
import type { DnsCache } from '../gateway/balancing/index.ts'

/** A `lookup` for `net.connect` that asks the cache; one address per call, in turn. */
export function lookupThrough(cache: DnsCache): LookupFunction {
  return (hostname, options, callback) => {
    const answer = (found: { address: string; family: number }): void => {
      if (options.all === true) callback(null, [found])
      else callback(null, found.address, found.family)
    }
    const fail = (error: unknown): void => {
      const failure = Object.assign(error instanceof Error ? error : new Error(String(error)), {
        code: 'ENOTFOUND',
      })
      callback(failure, '', 0)
    }
    try {
      const found = cache.resolve(hostname)
      if (found instanceof Promise) found.then(answer, fail)
      else answer(found)
    } catch (error) {
      fail(error)
    }
  }
}
