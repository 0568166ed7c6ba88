/** Settings of the info token, as upstream writes them. */
import { algoSettingsSchema, defaultAlgoSettings } from '../../plugin/algo-settings.ts'
import { schema as v } from '../../schema/index.ts'
import { count, noEntries, setting, textMap } from '../settings.ts'
import { ownName } from './field-names.ts'

export const infosSettings = v.looseObject({
  version: setting(
    v.picklist(['Latest', 'Legacy', 'Url', 'latest', 'legacy', 'url'], 'Latest, Legacy or Url'),
    'Latest',
    'Latest: key and user as objects. Legacy: their parts flat. Url: a link to them',
  ),
  ttl: setting(count, 30, 'Life of the token, seconds'),
  header_name: setting(ownName, null, 'Header of the token; `Otoroshi-Claim` unless set'),
  add_fields: setting(textMap, null, 'More claims, whose values may hold expressions; Latest only'),
  projection: setting(
    v.record(v.string(), v.unknown()),
    noEntries,
    'What of the claims is kept, and under which names; empty: all of them',
  ),
  algo: setting(algoSettingsSchema, () => defaultAlgoSettings(), 'How the token is signed'),
})
export type InfosSettings = v.InferOutput<typeof infosSettings>
