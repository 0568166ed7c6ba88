/**
 * Users of routes: their sessions, and the way to the login of those who have none.
 *
 * Guarantees: a session opens only what is guarded by the module it came through; a login leads back to a host that the route
 * names, and finishes only in the browser that began it.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { AuthModuleView } from '../identity/auth-module.ts'
import { hostCookie } from '../identity/host-cookie.ts'
import type { UserView } from '../identity/user.ts'
import {
  type Answer,
  answer,
  type ClientRequest,
  isOwnHost,
  ownHosts,
  type PluginServices,
  refuse,
} from '../plugin/index.ts'

/** Ties a login to the browser that began it, on the host of the route. */
const START_COOKIE = 'oto-papps-start'
/** Seconds a login may take. */
const LOGIN_TIME = 900
/** Characters of the longest address a login leads back to; of longer ones the query is left out. */
const LONGEST_RETURN = 4096
const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob'

/** Where a login begins: at a module, at a choice of several, or at the question for an email. */
export type LoginPage =
  | { readonly kind: 'module'; readonly module: string; readonly by: 'desc' | 'route' }
  | { readonly kind: 'choice' }
  | { readonly kind: 'email' }

export interface LoginGuard {
  /** Null: there is no module of this id that works. */
  module(id: string): AuthModuleView | null
  /** The user whose session the request shows, or null. */
  user(request: ClientRequest, module: AuthModuleView): UserView | null
  /** Sends the client to the login. */
  toLogin(request: ClientRequest, page: LoginPage): Answer
}

export function loginGuard({ route, logins, headerNames }: PluginServices): LoginGuard {
  const own = ownHosts(route.domains)
  const header = headerNames.bearer.toLowerCase()
  return {
    module: id => logins.module(id),
    user(request, module) {
      for (const shown of [
        request.cookies.get(module.cookie),
        request.query.get('pappsToken'),
        request.headers.get(header),
      ]) {
        const id = shown == null ? null : logins.idIn(shown)
        const user = id === null ? null : logins.session(id)
        // The signature says that the session is one of ours, not whose: a cookie can be given another name.
        if (user !== null && user.authConfigId === module.id) return user
      }
      return null
    },
    toLogin(request, page) {
      if (!isOwnHost(request, own))
        return refuse('auth.host_not_named', { detail: `no domain of the route names ${request.domain}` })
      return away(request, page, { route: route.id, logins, own })
    },
  }
}

interface Way {
  readonly route: string
  readonly logins: PluginServices['logins']
  readonly own: readonly ((domain: string) => boolean)[]
}

function away(request: ClientRequest, page: LoginPage, { route, logins, own }: Way): Answer {
  const to = Buffer.from(wanted(request, own, logins.allowRedirectParameter)).toString('base64url')
  const by = page.kind === 'module' ? page.by : 'route'
  const { value, cookie } = startOf(request)
  const query = new URLSearchParams([
    [by, route],
    ['redirect', to],
    ['hash', logins.sign(`${by}=${route}&redirect=${to}`)],
    ...(page.kind === 'module' ? [['ref', page.module]] : []),
    ['start', createHash('sha256').update(value).digest('base64url')],
  ])
  return answer(303, [
    ['Location', `${logins.origin(request.host)}/privateapps/generic/${paths[page.kind]}?${query}`],
    ['Set-Cookie', cookie],
    ['Cache-Control', 'no-store'],
  ])
}

const paths = { module: 'login', choice: 'choose-provider', email: 'simple-login' } as const

function wanted(request: ClientRequest, own: Way['own'], byParameter: boolean): string {
  const { protocol, host, target, path } = request
  const here = `${protocol}://${host}`
  const asked = byParameter ? request.query.get('redirect') : null
  if (asked === OUT_OF_BAND) return asked
  const url = asked === null ? null : URL.parse(asked, here)
  if (url !== null && /^https?:$/.test(url.protocol) && own.some(matches => matches(url.hostname)))
    return url.href
  return target.length > LONGEST_RETURN ? here + path.slice(0, LONGEST_RETURN) : here + target
}

/** One secret for all logins that this browser begins here, so that those in other tabs finish, too. */
function startOf(request: ClientRequest): { readonly value: string; readonly cookie: string } {
  const isSecure = request.protocol === 'https'
  const name = hostCookie(START_COOKIE, isSecure)
  const known = request.cookies.get(name)
  const value =
    known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known) ? known : randomBytes(32).toString('base64url')
  const secure = isSecure ? '; Secure' : ''
  return {
    value,
    cookie: `${name}=${value}; Path=/; Max-Age=${LOGIN_TIME}; HttpOnly${secure}; SameSite=Lax`,
  }
}
