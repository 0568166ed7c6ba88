/** A key must have some tags. */
import { apikeyAttribute, definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { noTexts, setting, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgApikeyMandatoryTags',
  name: 'Apikey mandatory tags',
  description:
    'Refuses API keys that lack one of the tags. A call without an API key passes: another plugin must ask for one.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({ tags: setting(texts, noTexts, 'Tags that must all be on the key') }),
  setup({ tags }) {
    if (tags.length === 0) return {}
    return {
      access({ attributes }) {
        const key = attributes.get(apikeyAttribute)
        if (key === undefined || tags.every(tag => key.tags.includes(tag))) return undefined
        return refuse('apikey.tags_missing')
      },
    }
  },
})
