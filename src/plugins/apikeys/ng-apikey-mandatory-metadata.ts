/** A key must have some metadata. */
import { apikeyAttribute, definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { noEntries, setting, textMap } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgApikeyMandatoryMetadata',
  name: 'Apikey mandatory metadata',
  description:
    'Refuses API keys that lack one of the metadata, or have another value there. A call without an API key passes: another plugin must ask for one.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    metadata: setting(textMap, noEntries, 'Names and values that must all be on the key'),
  }),
  setup(config) {
    const wanted = Object.entries(config.metadata)
    if (wanted.length === 0) return {}
    return {
      access({ attributes }) {
        const key = attributes.get(apikeyAttribute)
        if (key === undefined) return undefined
        const { metadata } = key
        const fits = wanted.every(
          ([name, value]) => Object.hasOwn(metadata, name) && metadata[name] === value,
        )
        return fits ? undefined : refuse('apikey.metadata_missing')
      },
    }
  },
})
