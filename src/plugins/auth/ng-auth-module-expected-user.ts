/** Calls need a user whom an earlier plugin made known. */
import { definePlugin, refuse, schema as v, userAttribute } from '../../plugin/index.ts'
import { noTexts, setting, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgAuthModuleExpectedUser',
  name: 'User logged in expected',
  description:
    'Refuses calls without a user. It looks at what plugins before it found out, and can ask for a user of certain auth modules.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    only_from: setting(texts, noTexts, 'Auth modules the user may come from; none named means any'),
  }),
  setup: ({ only_from: modules }) => ({
    access({ attributes }) {
      const user = attributes.get(userAttribute)
      if (user === undefined) return refuse('auth.unauthorized', { detail: 'no user' })
      if (modules.length === 0 || modules.includes(user.authConfigId)) return undefined
      return refuse('auth.unauthorized', { detail: `a user of auth module ${user.authConfigId}` })
    },
  }),
})
