/** Wants somebody to be known. */
import { apikeyAttribute, definePlugin, refuse, userAttribute } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgExpectedConsumer',
  name: 'Expected consumer',
  description:
    'Lets calls pass whose API key or user an earlier plugin has accepted, and refuses all others with 401.',
  family: 'auth',
  categories: ['Authentication'],
  steps: ['ValidateAccess'],
  config: noSettings,
  setup: () => ({
    access({ attributes }) {
      const known =
        attributes.get(apikeyAttribute) !== undefined || attributes.get(userAttribute) !== undefined
      return known ? undefined : refuse('consumer.missing')
    },
  }),
})
