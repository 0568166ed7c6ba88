/** A preset: an API key, or a token of an identity provider. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { noTexts, setting, text, texts } from '../settings.ts'

const plugin = (name: string, order: number, config: object) => ({
  plugin: `cp:otoroshi.next.plugins.${name}`,
  plugin_index: { validate_access: order },
  config,
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MandatoryConsumerPreset',
  name: 'Mandatory Consumer Preset',
  description:
    'Stands for four plugins: the call needs an API key with all the tags, or a token of the authentication module; any other call is refused with 401.',
  family: 'auth',
  categories: ['Presets'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ref: setting(
      v.nullable(text),
      null,
      'Authentication module whose tokens are accepted; none unless given',
    ),
    tags: setting(texts, noTexts, 'Tags that an API key must have'),
  }),
  setup({ ref, tags }) {
    const module = ref?.trim() ?? ''
    return {
      expand: () => [
        plugin('ApikeyCalls', 0.01, { mandatory: false }),
        plugin('NgApikeyMandatoryTags', 0.02, { tags }),
        ...(module === '' ? [] : [plugin('OIDCJwtVerifier', 0.03, tokenSettings(module))]),
        plugin('NgExpectedConsumer', 999, {}),
      ],
    }
  },
})

function tokenSettings(ref: string) {
  return {
    mandatory: false,
    ref,
    user: true,
    custom_response: true,
    custom_response_status: 401,
    custom_response_headers: { 'Content-Type': 'application/json' },
    custom_response_body: '{"error":"unauthorized"}',
  }
}
