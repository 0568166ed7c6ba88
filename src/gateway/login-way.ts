/**
 * The way of logins to the control plane: the hosts where people log in, and two paths of every host. It is a route of the
 * gateway's own, without plugins, that no entity can take or change; requests of it are timed, counted and told like others.
 *
 * Guarantees: validators of incoming requests and limits hold here as elsewhere; the listener at its end learns from this
 * thread, and from nobody else, under which URL and from which address the request came.
 */
import type { ClientRequest } from '../plugin/contract.ts'
import { attribute } from '../plugin/attributes.ts'
import type { CompiledRoute } from './compile/compiled-route.ts'
import type { CompileEnvironment, PrivateRoute, ThreadServices } from './compile/environment.ts'
import { compileRoute } from './compile/route.ts'
import { readGlobals } from './revision/globals.ts'

/** Id of the route. */
export const LOGIN_ROUTE = 'otoroshi-logins'

export interface LoginWay {
  /** Hosts that lead to the control plane whole. Lower case. */
  readonly hosts: ReadonlySet<string>
  readonly listener: Omit<PrivateRoute, 'routeId' | 'facts' | 'callerHeader'>
  /** Field that names scheme and host of the request, and the one with the auth modules of the route it belongs to. */
  readonly urlHeader: string
  readonly modulesHeader: string
}

const LOGIN: ReadonlySet<string> = new Set(['/.well-known/otoroshi/login', '/__otoroshi_private_apps_login'])
const LOGOUT: ReadonlySet<string> = new Set([
  '/.well-known/otoroshi/logout',
  '/__otoroshi_private_apps_logout',
])

/** As long as one of these paths: of all others it is known without hashing them. */
const lengths: readonly number[] = [...LOGIN, ...LOGOUT].map(path => path.length)
const [SHORTEST, LONGEST] = [Math.min(...lengths), Math.max(...lengths)]
const isLong = (path: string): boolean => path.length >= SHORTEST && path.length <= LONGEST

/** True for what leads to the control plane whatever the routes are. */
export function isLogin({ path, domain }: ClientRequest, hosts: ReadonlySet<string>): boolean {
  return hosts.has(domain) || (isLong(path) && LOGIN.has(path))
}

/** True for a logout of the route that the request belongs to. */
export function isLogout({ path }: ClientRequest): boolean {
  return isLong(path) && LOGOUT.has(path)
}

/** The route whose logout is asked for: its auth modules, and whether it names the host of the request. */
export interface RouteToLeave {
  readonly modules: readonly string[]
  readonly own: boolean
}
export const routeToLeave = attribute<RouteToLeave>('route-to-leave')

/** The route, compiled. Never rejects. */
export function compileLoginWay(way: LoginWay, thread: ThreadServices): Promise<CompiledRoute> {
  const { listener, urlHeader, modulesHeader } = way
  const { host, port } = listener.origin
  const privateRoute: PrivateRoute = {
    ...listener,
    callerHeader: null,
    routeId: LOGIN_ROUTE,
    facts: exchange => [
      [urlHeader, `${exchange.request.protocol}://${exchange.request.host}`],
      [modulesHeader, JSON.stringify(exchange.attributes.get(routeToLeave) ?? { modules: [], own: false })],
    ],
  }
  const env: CompileEnvironment = {
    thread: { ...thread, privateRoute },
    global: { ...readGlobals(undefined), useCircuitBreakers: false },
    entities: { get: () => undefined },
    certificates: () => null,
  }
  const target = { id: 'control-plane', hostname: host, port, tls: false }
  const json = {
    id: LOGIN_ROUTE,
    name: 'Logins',
    groups: [],
    frontend: { domains: ['*'], strip_path: false },
    backend: { targets: [target], root: '/' },
    plugins: [],
  }
  return compileRoute(LOGIN_ROUTE, json, env)
}

/** Fields by which the control plane is told what only threads know: whatever a client sends under these names is taken away. */
export function privateNames(admin: PrivateRoute | null, login: LoginWay | null): readonly string[] {
  const told = [admin?.header, admin?.callerHeader, admin?.clientHeader]
  const { listener, urlHeader, modulesHeader } = login ?? {}
  return [...told, listener?.header, listener?.clientHeader, urlHeader, modulesHeader].filter(
    name => name !== undefined && name !== null,
  )
}
