/** Answers with the logout of the route's users. */
import { answer, definePlugin, userAttribute } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.UserLogoutEndpoint',
  name: 'User logout endpoint',
  description:
    'Answers in place of the backend: logs the user out and leads on to the address in the query parameter `redirect`, or to the root of the host. 204 when nobody is logged in.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['CallBackend'],
  config: noSettings,
  setup: () => ({
    backend({ request, attributes }) {
      if (attributes.get(userAttribute) === undefined) return answer(204)
      const query = new URLSearchParams({ redirect: request.query.get('redirect') ?? '/' })
      // A session that is shown here and in no cookie goes along, or it would not end.
      const shown = request.query.get('pappsToken')
      if (shown !== null) query.set('pappsToken', shown)
      return answer(303, [
        ['Location', `/.well-known/otoroshi/logout?${query}`],
        ['Cache-Control', 'no-store'],
      ])
    },
  }),
})
