/**
 * The way to the admin API for whoever tries things out on his own machine, where `otoroshi-api.oto.tools` leads nowhere: a
 * path on loopback names. It ends at the route of the admin API, whose guard holds as for any other host, and comes before
 * routing: no route can take it, and without that route it leads nowhere.
 *
 * Nothing is trusted because of the name: whoever reaches the port can send it. Only the name keeps public hosts away, so
 * it is the one the client itself called: `X-Forwarded-Host` counts nowhere here, and a request that a proxy passed on may
 * have had a public name before it came.
 */
import type { HeaderBlock } from '../http/index.ts'
import { domainOf } from './pipeline/client-request.ts'

/** What stands before `/api/…` and `/apis/…` on loopback names. */
export const LOCAL_ADMIN = '/.well-known/otoroshi/admin-api'

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Fields by which proxies tell that they passed a request on (RFC 7239, RFC 9110). */
const PASSED_ON = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-server',
  'x-real-ip',
]

/** `authority`: host and port as the client called them. `path`: in the form that is routed. */
export function isLocalAdmin(path: string, authority: string, headers: HeaderBlock): boolean {
  return (
    path.startsWith(LOCAL_ADMIN) &&
    path.charCodeAt(LOCAL_ADMIN.length) === 47 &&
    LOOPBACK.has(domainOf(authority)) &&
    !PASSED_ON.some(name => headers.has(name))
  )
}
