/** Answers with the logged-in user. */
import { answer, definePlugin, userAttribute } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.UserProfileEndpoint',
  name: 'User profile endpoint',
  description:
    'Answers in place of the backend: name, email, profile, metadata and tags of the logged-in user as JSON, or 401 when there is none.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['CallBackend'],
  config: noSettings,
  setup: () => ({
    backend({ attributes }) {
      const user = attributes.get(userAttribute)
      if (user === undefined) return bareError(401, 'auth.unauthorized', { error: 'unauthorized' })
      return answer(
        200,
        [
          ['Content-Type', 'application/json'],
          ['Cache-Control', 'no-store'],
        ],
        JSON.stringify(user.light()),
      )
    },
  }),
})
