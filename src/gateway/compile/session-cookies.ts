/**
 * Keeps the cookies of logins from backends, where the instance is set so: whoever reads one can show it on every route that the
 * same login opens. Plugins still see them.
 */
import type { HeaderBlock } from '../../http/index.ts'
import type { Chain } from '../pipeline/chain.ts'
import type { ThreadServices } from './environment.ts'

/** What the names of session cookies of routes begin with. */
const SESSION = 'oto-papps-'

/** The chain with the cookies taken away behind its plugins; not where the control plane is the backend, which reads them. */
export function withHiddenSessions(
  chain: Chain,
  routeId: string,
  { hiddenCookies, privateRoute }: ThreadServices,
): Chain {
  if (hiddenCookies === null || routeId === privateRoute?.routeId) return chain
  const step = {
    plugin: 'session-cookies',
    only: null,
    debug: false,
    run: ({ upstream }: { readonly upstream: { readonly headers: HeaderBlock } }) => {
      if (upstream.headers.has('cookie')) hide(upstream.headers, hiddenCookies)
      return undefined
    },
  }
  return { ...chain, request: [...chain.request, step] }
}

/** Cookies that stay keep their bytes (RFC 6265, 4.2.1); the field goes with its last one. */
function hide(headers: HeaderBlock, names: ReadonlySet<string>): void {
  const pairs = headers
    .getAll('cookie')
    .flatMap(field => field.split(';'))
    .map(pair => pair.trim())
    .filter(pair => pair !== '')
  const kept = pairs.filter(pair => {
    const equals = pair.indexOf('=')
    const name = equals < 0 ? '' : pair.slice(0, equals).trim()
    return !names.has(name) && !name.startsWith(SESSION)
  })
  if (kept.length === pairs.length) return
  if (kept.length === 0) headers.delete('cookie')
  else headers.set('Cookie', kept.join('; '))
}
