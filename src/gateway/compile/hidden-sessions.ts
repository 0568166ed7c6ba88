/**
 * Keeps the sessions of logins from backends, where the instance is set so: whoever reads one can show it on every route that the
 * same login opens. They stand in cookies and, for programs without them, in a query parameter or a header field. Plugins still
 * see them.
 */
import type { HeaderBlock } from '../../http/index.ts'
import { withoutParameter } from '../../http/query.ts'
import type { BackendRequest } from '../../plugin/contract.ts'
import type { Chain } from '../pipeline/chain.ts'
import type { ThreadServices } from './environment.ts'

/** What the names of session cookies of routes begin with. */
const SESSION = 'oto-papps-'
/** Query parameter that shows a session. */
const PARAMETER = 'pappsToken'
/** A signed id, which no other token is: signature and id. */
const SIGNED_ID = /^[^:\s]{64}::\S+$/

/** The chain with the sessions taken away behind its plugins; not where the control plane is the backend, which reads them. */
export function withHiddenSessions(
  chain: Chain,
  routeId: string,
  { hiddenCookies, headerNames, privateRoute }: ThreadServices,
): Chain {
  if (hiddenCookies === null || routeId === privateRoute?.routeId) return chain
  const field = headerNames.bearer.toLowerCase()
  const step = {
    plugin: 'hidden-sessions',
    only: null,
    debug: false,
    run: ({ upstream }: { readonly upstream: BackendRequest }) => {
      const { headers } = upstream
      if (headers.has('cookie')) hide(headers, hiddenCookies)
      if (upstream.path.includes('?')) upstream.path = withoutParameter(upstream.path, PARAMETER)
      if (SIGNED_ID.test(headers.get(field) ?? '')) headers.delete(field)
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
    const plain = name.replace(/^__Host-/, '')
    return !names.has(name) && !names.has(plain) && !plain.startsWith(SESSION)
  })
  if (kept.length === pairs.length) return
  if (kept.length === 0) headers.delete('cookie')
  else headers.set('Cookie', kept.join('; '))
}
