/** The setting of the plugins that remove cookies. */
import { schema as v } from '../../plugin/index.ts'
import { noTexts, setting, texts } from '../settings.ts'

export const removedCookiesSettings = v.looseObject({
  names: setting(texts, noTexts, 'Names of cookies, in this very case'),
})

export function removedCookies(config: v.InferOutput<typeof removedCookiesSettings>): ReadonlySet<string> {
  return new Set(config.names.map(name => name.trim()).filter(name => name !== ''))
}
