/** A route that gives out tokens for API keys. */
import { BodyTooLarge, definePlugin, schema as v } from '../../plugin/index.ts'
import { noTexts, setting, text, texts } from '../settings.ts'
import { answerTokenRequest, bodyTooLong, LONGEST_BODY } from './client-credentials.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgClientCredentialTokenEndpoint',
  name: 'Client credential token endpoint',
  description:
    'Answers in place of the backend: id and secret of an API key for a JWT that stands for the key (OAuth 2, grant client_credentials). The token opens the routes the key is granted on.',
  family: 'apikeys',
  categories: ['Authentication'],
  steps: ['CallBackend'],
  config: v.looseObject({
    expiration: setting(
      v.pipe(v.number(), v.minValue(1000)),
      3_600_000,
      'How long a token lives, milliseconds',
    ),
    default_key_pair: setting(
      text,
      'otoroshi-jwt-signing',
      'Key pair that signs for keys which name none; where there is none the secret of the key signs',
    ),
    allowed_apikeys: setting(texts, noTexts, 'Ids of keys that may have tokens'),
    allowed_groups: setting(
      texts,
      noTexts,
      'Groups whose keys may have tokens; with both lists empty every key may',
    ),
  }),
  setup(config, { apikeys, keyPairs }) {
    const { allowed_apikeys: keys, allowed_groups: groups } = config
    const rules = {
      find: (clientId: string) => apikeys.find(clientId),
      allows: (key: NonNullable<ReturnType<typeof apikeys.find>>) =>
        (keys.length === 0 && groups.length === 0) ||
        keys.includes(key.clientId) ||
        groups.some(group => key.grantedOn('group', group)),
      pairs: keyPairs,
      usualPair: config.default_key_pair,
      expiration: config.expiration,
      choosesAudience: true,
      capitals: false,
    }
    return {
      async backend({ request, upstream, startedAt: now }) {
        const { headers, protocol, host } = request
        try {
          const body = await upstream.body.read(LONGEST_BODY)
          return answerTokenRequest(rules, { headers, protocol, host, body, now })
        } catch (error) {
          if (error instanceof BodyTooLarge) return bodyTooLong()
          throw error
        }
      },
    }
  },
})
