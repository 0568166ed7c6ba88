/** Answers with whoever calls. */
import { answer, apikeyAttribute, definePlugin, type Exchange, userAttribute } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ConsumerEndpoint',
  name: 'Consumer endpoint',
  description:
    'Answers in place of the backend: the logged-in user, else the API key, else that the call is public, as JSON with the field `access_type`.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['CallBackend'],
  config: noSettings,
  setup: () => ({
    backend: exchange =>
      answer(
        200,
        [
          ['Content-Type', 'application/json'],
          ['Cache-Control', 'no-store'],
        ],
        JSON.stringify(consumerOf(exchange)),
      ),
  }),
})

function consumerOf({ attributes }: Exchange): object {
  const user = attributes.get(userAttribute)
  if (user !== undefined) return { ...user.light(), access_type: 'session' }
  const apikey = attributes.get(apikeyAttribute)
  if (apikey !== undefined) return { ...apikey.light(), access_type: 'apikey' }
  return { access_type: 'public' }
}
