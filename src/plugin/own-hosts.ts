/**
 * Hosts that belong to a route: what the gateway signs leads to them alone, since a request says of itself what its host is.
 */
import { wildcard } from '../expression/index.ts'
import type { ClientRequest } from './contract.ts'

/** Tests of host names, one for each domain of a route that names a host; `domains`: its lines, paths included. */
export function ownHosts(domains: readonly string[]): readonly ((domain: string) => boolean)[] {
  return domains
    .map(line => line.split('/')[0]!.toLowerCase())
    .filter(namesHost)
    .map(wildcard)
}

/** Whether the host of a request is one that the route names. */
export function isOwnHost(request: ClientRequest, own: ReturnType<typeof ownHosts>): boolean {
  return isPlainHost(request) && own.some(matches => matches(request.domain))
}

/** `*` and `*.com` name no host of anybody's own: whoever reaches the port may call himself so. */
function namesHost(domain: string): boolean {
  const star = domain.lastIndexOf('*')
  if (star < 0) return domain !== ''
  return domain
    .slice(star + 1)
    .replace(/^\./, '')
    .includes('.')
}

/** `app.test:80@evil.test` begins like a host of the route and leads elsewhere; a proxy in front may pass such a thing on. */
function isPlainHost({ protocol, host, domain }: ClientRequest): boolean {
  const url = URL.parse(`${protocol}://${host}`)
  return (
    url !== null &&
    url.hostname === domain &&
    url.username === '' &&
    url.pathname === '/' &&
    url.search === ''
  )
}
