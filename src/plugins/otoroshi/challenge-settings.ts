/** Settings of the challenge, as upstream writes them. */
import { algoSettingsSchema, defaultAlgoSettings } from '../../plugin/algo-settings.ts'
import { schema as v } from '../../schema/index.ts'
import { count, setting } from '../settings.ts'
import { ownName } from './field-names.ts'

export const challengeSettings = v.looseObject({
  version: setting(
    v.union([v.picklist(['V1', 'V2', 'v1', 'v2']), v.picklist([1, 2])], 'V1 or V2'),
    'V2',
    'V1: the state itself is sent and comes back. V2: it is inside of signed tokens',
  ),
  ttl: setting(count, 30, 'Life of the tokens, seconds; that of the backend may not live longer'),
  request_header_name: setting(ownName, null, 'Header of the question; `Otoroshi-State` unless set'),
  response_header_name: setting(ownName, null, 'Header of the answer; `Otoroshi-State-Resp` unless set'),
  algo_to_backend: setting(algoSettingsSchema, () => defaultAlgoSettings(), 'How the question is signed'),
  algo_from_backend: setting(
    algoSettingsSchema,
    () => defaultAlgoSettings(),
    'How the answer must be signed',
  ),
  state_resp_leeway: setting(count, 10, 'Seconds that the clock of the backend may differ'),
})
export type ChallengeSettings = v.InferOutput<typeof challengeSettings>

/** True for the version that sends the state itself. */
export function isPlain({ version }: ChallengeSettings): boolean {
  return version === 1 || version === 'V1' || version === 'v1'
}
