/** Users of a route, for keys that a user replaces. */
import { modulesOfRoute } from '../../identity/route-modules.ts'
import type { UserView } from '../../identity/user.ts'
import type { ClientRequest, PluginServices } from '../../plugin/index.ts'
import { loginGuard } from '../login-guard.ts'

/** The user whose session a request shows, when it came through an auth module that the route itself names; else null. */
export function routeUsers(services: PluginServices): (request: ClientRequest) => UserView | null {
  const guard = loginGuard(services)
  const { ids } = modulesOfRoute(services.route.json, [])
  return request => {
    for (const id of ids) {
      const module = guard.module(id)
      const user = module === null ? null : guard.user(request, module)
      if (user !== null) return user
    }
    return null
  }
}
