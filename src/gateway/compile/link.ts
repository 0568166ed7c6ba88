/** From a target to the connections to it. */
import type { Route } from '../../model/kinds/route.ts'
import { MissingCertificate, originOf, type UsableCertificates } from '../backends/origin-of.ts'
import type { CompiledBackend, CompiledTarget } from '../balancing/index.ts'
import type { TargetLink } from './compiled-route.ts'
import { DynamicLink } from './dynamic-link.ts'
import type { CompileEnvironment } from './environment.ts'
import { targetView } from './route-view.ts'

/** The backend of the route is the control plane. */
export function isPrivate(route: Route, env: CompileEnvironment): boolean {
  return env.thread.privateRoute !== null && route.id === env.thread.privateRoute.routeId
}

/** Holds the connections to a target. A certificate that is missing is a fault of the link. */
export function linkOf(
  target: CompiledTarget,
  backend: CompiledBackend,
  route: Route,
  env: CompileEnvironment,
  certificates: UsableCertificates,
): TargetLink {
  const view = targetView(target)
  const { queueSize } = backend.client
  if (isPrivate(route, env)) {
    const lease = env.thread.pools.hold(env.thread.privateRoute!.origin, queueSize)
    return { target, view, lease, upgrades: null, dynamic: null, fault: null }
  }
  const proxy = backend.client.proxy ?? env.global.proxy
  if (target.dynamicHost) {
    const dynamic = new DynamicLink(target, proxy, env, certificates)
    return { target, view, lease: null, upgrades: null, dynamic, fault: null }
  }
  try {
    const { pools } = env.thread
    const origin = originOf(target, target.hostname, proxy, certificates)
    const lease = pools.hold(origin, queueSize)
    const upgrades = origin.protocol === 20 ? pools.hold({ ...origin, protocol: 11 }, queueSize) : null
    return { target, view, lease, upgrades, dynamic: null, fault: null }
  } catch (error) {
    if (error instanceof MissingCertificate)
      return { target, view, lease: null, upgrades: null, dynamic: null, fault: 'backend.tls' }
    throw error
  }
}
