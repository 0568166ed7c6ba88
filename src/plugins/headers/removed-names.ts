/** The setting of the plugins that remove header fields. */
import { schema as v } from '../../plugin/index.ts'
import { noTexts, setting, texts } from '../settings.ts'

export const removedNamesSettings = v.looseObject({
  header_names: setting(texts, noTexts, 'Header names, in any case'),
  headers: setting(texts, noTexts, 'Old spelling of header_names, read when that is empty'),
  names: setting(texts, noTexts, 'Old spelling of header_names, read when the others are empty'),
})

/** Lower-case names to remove. */
export function removedNames(config: v.InferOutput<typeof removedNamesSettings>): readonly string[] {
  const lists = [config.header_names, config.headers, config.names]
  const given = lists.find(list => list.length > 0) ?? []
  return [...new Set(given.map(name => name.trim().toLowerCase()))].filter(name => name !== '')
}
