import { schema as v } from '../../schema/index.ts'
import { absent, field, flag, json, required, text } from './fields.ts'

const restrictionSchema = v.looseObject({
  method: required(text, 'Method, or * for all'),
  path: required(text, 'Pattern of the path'),
  authorized_entity: absent(v.nullable(json), 'Entity the line is for: {kind, id}'),
})
const restrictionList = v.array(restrictionSchema)

/** Method and path lists of an API key or a service. */
export const restrictionsSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  allowLast: field(flag, true, 'The allowed list is looked at after the others'),
  allowed: field(restrictionList, () => [], 'Accepted'),
  forbidden: field(restrictionList, () => [], 'Answered 403'),
  notFound: field(restrictionList, () => [], 'Answered 404'),
})
export type Restrictions = v.InferOutput<typeof restrictionsSchema>
