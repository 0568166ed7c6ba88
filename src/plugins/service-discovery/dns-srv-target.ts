/** Takes targets from the SRV records of a name in the DNS (RFC 2782). */
import { Resolver } from 'node:dns/promises'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { flag, setting, text } from '../settings.ts'
import { FollowedTargets } from './followed-targets.ts'
import { type SrvRecord, targetsOfRecords } from './srv-records.ts'

/** Milliseconds for one question, and how often it is put. */
const PATIENCE = 2_000
const TRIES = 2

/** What a server says when there is no such name, or none with such records. */
const NOTHING: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA'])

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.DnsSrvTarget',
  name: 'DNS SRV target',
  description:
    'Sends requests to the servers that the SRV records of a name tell, by priority and weight. The DNS is asked in the background; until it has answered, and while there are no records, requests go to the backend, and while it does not answer the servers known last count.',
  family: 'service-discovery',
  categories: ['ServiceDiscovery'],
  steps: ['PreRoute'],
  config: v.looseObject({
    service: setting(v.nullable(text), null, 'Name with the SRV records: _http._tcp.shop.example.com'),
    tls: setting(flag, false, 'Call the servers with TLS'),
    refresh: setting(
      v.pipe(v.number(), v.minValue(0.1), v.maxValue(86_400)),
      15,
      'Seconds between two questions',
    ),
    dns_server: setting(
      v.nullable(text),
      null,
      'Address of the DNS server, 127.0.0.1:8600; those of the system unless given',
    ),
  }),
  setup({ service, tls, refresh, dns_server: server }, services) {
    const name = service?.trim() ?? ''
    if (name === '') throw new Error('service: expected the name of SRV records')
    const resolver = new Resolver({ timeout: PATIENCE, tries: TRIES })
    if (server !== null) useServer(resolver, server)
    const targets = new FollowedTargets(services)
    const find = async (): Promise<readonly unknown[]> => {
      const records = await recordsOf(resolver, name)
      // Who has names of its own has the addresses, too.
      const addresses = server === null ? new Map<string, string>() : await addressesOf(resolver, records)
      return targetsOfRecords(records, tls, addresses)
    }
    return {
      preRoute(exchange) {
        targets.ask(find, refresh * 1000, `SRV records of ${name}`)
        targets.send(exchange)
      },
      dispose() {
        targets.release()
        resolver.cancel()
      },
    }
  },
})

function useServer(resolver: Resolver, server: string): void {
  try {
    resolver.setServers([server.trim()])
  } catch {
    throw new Error('dns_server: expected an address, with or without a port')
  }
}

async function recordsOf(resolver: Resolver, name: string): Promise<readonly SrvRecord[]> {
  try {
    return await resolver.resolveSrv(name)
  } catch (error) {
    if (NOTHING.has((error as NodeJS.ErrnoException).code)) return []
    throw error
  }
}

/** Name → its first address; names without one are left to the system. */
async function addressesOf(
  resolver: Resolver,
  records: readonly SrvRecord[],
): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(records.map(record => record.name))]
  const found = await Promise.all(
    names.map(async name => {
      const none = (): string[] => []
      const [address] = await resolver.resolve4(name).catch(none)
      return [name, address ?? (await resolver.resolve6(name).catch(none))[0]] as const
    }),
  )
  return new Map(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined))
}
