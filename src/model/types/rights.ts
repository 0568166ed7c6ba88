import { schema as v } from '../../schema/index.ts'
import { emptyTexts, field, required, text, texts } from './fields.ts'

/** What a user may see and change: `name[:r|:rw|:not]`, `rw` when there is no suffix. */
export const userRightsSchema = v.array(
  v.looseObject({
    tenant: required(text, 'Organization, with its access'),
    teams: field(texts, emptyTexts, 'Teams, with their access'),
  }),
)
export type UserRights = v.InferOutput<typeof userRightsSchema>
