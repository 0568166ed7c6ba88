/** The look-up of the operating system (`/etc/hosts`, then DNS), as `DnsCache` wants it. */
import { lookup } from 'node:dns/promises'
import type { Lookup } from './dns.ts'

export const systemLookup: Lookup = async hostname => {
  const found = await lookup(hostname, { all: true, order: 'verbatim' })
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
}
