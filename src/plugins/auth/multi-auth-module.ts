/** Calls need a user who is logged in through one of several auth modules. */
import { definePlugin, refuse, schema as v, userAttribute } from '../../plugin/index.ts'
import { isKnown, passWithApikey } from '../auth-module-guard.ts'
import { loginGuard } from '../login-guard.ts'
import { flag, noTexts, setting, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MultiAuthModule',
  name: 'Multi Authentication',
  description:
    'Lets users in who are logged in through any of several auth modules. Everybody else chooses one of them, or is sent to the one that his email belongs to.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    pass_with_apikey: passWithApikey,
    auth_modules: setting(texts, noTexts, 'Ids of the auth modules'),
    modules: setting(texts, noTexts, 'The same, under an older name'),
    use_email_prompt: setting(flag, false, 'Ask for an email rather than show the modules'),
    users_groups: setting(
      v.record(v.string(), texts),
      () => ({}),
      'By module, the emails of its users; `*` stands for anything',
    ),
  }),
  setup(config, services) {
    const guard = loginGuard(services)
    const { pass_with_apikey: withApikey, use_email_prompt: prompt } = config
    const ids = config.auth_modules.length > 0 ? config.auth_modules : config.modules
    return {
      access(exchange) {
        if (isKnown(exchange, withApikey)) return undefined
        if (ids.length === 0) return refuse('auth.modules_not_named')
        const { request } = exchange
        const modules = ids.map(id => guard.module(id))
        for (const module of modules) {
          const user = module === null ? null : guard.user(request, module)
          if (user === null) continue
          exchange.attributes.set(userAttribute, user)
          return undefined
        }
        if (modules.every(module => module === null))
          return refuse('auth.module_missing', { detail: `auth modules ${ids.join(', ')}` })
        if (ids.length === 1) return guard.toLogin(request, { kind: 'module', module: ids[0]!, by: 'route' })
        return guard.toLogin(request, { kind: prompt ? 'email' : 'choice' })
      },
    }
  },
})
