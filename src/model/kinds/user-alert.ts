import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { count, emptyJson, field, flag, json, number, required, text } from '../types/fields.ts'

const conditionSchema = v.looseObject({
  query: required(text, 'What is looked at: name of a query'),
  params: field(json, emptyJson, 'Parameters of the query'),
  filters: field(json, emptyJson, 'Filters of the query'),
  reducer: required(text, 'How a series becomes one number, such as max'),
  operator: required(text, 'How it is compared, such as >'),
  threshold: required(number, 'With what'),
})

export const userAlertSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  tags,
  metadata,
  enabled: field(flag, true, 'Evaluated or not'),
  windowSeconds: field(count, 300, 'How far it looks back, seconds'),
  evaluationIntervalSeconds: field(count, 60, 'How often, seconds'),
  cooldownSeconds: field(count, 600, 'Silence after it fired, seconds'),
  severity: field(text, 'warning', 'How bad it is'),
  message: field(text, 'Alert triggered', 'What it says'),
  combine: field(v.picklist(['AND', 'OR']), 'AND', 'All conditions or one of them'),
  conditions: field(v.array(conditionSchema), () => [], 'When it fires'),
})
export type UserAlert = v.InferOutput<typeof userAlertSchema>

/** A rule over stored events that raises an alert. */
export const userAlert = defineEntity<UserAlert>({
  group: 'analytics.otoroshi.io',
  version: 'v1',
  kind: 'UserAlert',
  plural: 'user-alerts',
  singular: 'user-alert',
  idField: 'id',
  storageKey: 'user-alerts',
  idPrefix: 'user-alert',
  legacyPath: null,
  access: fullAccess,
  schema: userAlertSchema,
  served: false,
  template: newId =>
    fill(userAlertSchema, {
      id: newId,
      name: 'New user alert',
      conditions: [{ query: 'error_rate_ts', reducer: 'max', operator: '>', threshold: 0.05 }],
    }),
})
