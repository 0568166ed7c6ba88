/**
 * The way to the admin API for whoever tries things out on his own machine, where `otoroshi-api.oto.tools` leads nowhere: a
 * path on loopback names. It ends at the route of the admin API, whose guard holds as for any other host, and comes before
 * routing: no route can take it.
 *
 * Nothing is trusted because of the name: whoever reaches the port can send it.
 */
import type { ClientRequest } from '../plugin/contract.ts'

/** What stands before `/api/…` and `/apis/…` on loopback names. */
export const LOCAL_ADMIN = '/.well-known/otoroshi/admin-api'

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

export function isLocalAdmin({ domain, path }: ClientRequest): boolean {
  return path.startsWith(LOCAL_ADMIN) && path.charCodeAt(LOCAL_ADMIN.length) === 47 && LOOPBACK.has(domain)
}
