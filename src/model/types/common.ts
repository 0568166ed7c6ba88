/** Fields nearly every kind has. */
import { schema as v } from '../../schema/index.ts'
import { emptyMap, emptyTexts, field, flag, identifier, required, text, textMap, texts } from './fields.ts'

export const locationSchema = v.looseObject({
  tenant: field(text, 'default', 'Organization'),
  teams: field(texts, () => ['default'], 'Teams'),
})
/** Owner of an entity: one organization and some of its teams. */
export type EntityLocation = v.InferOutput<typeof locationSchema>

export const location = field(
  locationSchema,
  () => ({}),
  'Organization and teams that own the entity: rights are checked against it',
)
export const id = required(identifier, 'Identifier, unique within the kind')
export const name = required(text, 'Display name')
export const description = field(text, '', 'Free text for humans')
export const tags = field(texts, emptyTexts, 'Labels for search and matching')
export const metadata = field(textMap, emptyMap, 'Free keys and values')

/** Fields of everything that can be routed. */
export const routing = {
  enabled: field(flag, true, 'Routed only when true'),
  debug_flow: field(flag, false, 'Keep a step by step report of each call'),
  export_reporting: field(flag, false, 'Send that report as an event'),
  capture: field(flag, false, 'Emit traffic capture events with bodies'),
  groups: field(
    texts,
    () => ['default'],
    'Service groups the entity belongs to: API keys are granted per group',
  ),
}
