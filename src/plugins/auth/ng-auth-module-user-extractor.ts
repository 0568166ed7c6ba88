/** Makes a logged-in user known and asks nobody to log in. */
import { definePlugin, refuse, schema as v, userAttribute } from '../../plugin/index.ts'
import { isKnown, moduleOf, moduleSettings } from '../auth-module-guard.ts'
import { loginGuard } from '../login-guard.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgAuthModuleUserExtractor',
  name: 'User extraction from auth. module',
  description:
    'Makes the user known to the plugins behind it when there is one who is logged in through the auth module. Calls without a user pass.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: v.looseObject(moduleSettings),
  setup(config, services) {
    const id = moduleOf(config)
    const guard = loginGuard(services)
    return {
      access(exchange) {
        if (isKnown(exchange, false)) return undefined
        if (id === null) return refuse('auth.module_not_named')
        const module = guard.module(id)
        if (module === null) return refuse('auth.module_missing', { detail: `auth module ${id}` })
        const user = guard.user(exchange.request, module)
        if (user !== null) exchange.attributes.set(userAttribute, user)
        return undefined
      },
    }
  },
})
