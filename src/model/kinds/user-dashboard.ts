import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { count, emptyJson, field, flag, json, text } from '../types/fields.ts'

const widgetSchema = v.looseObject({
  id: field(text, '', 'Identifier within the dashboard'),
  title: field(text, '', 'Title'),
  query: field(text, '', 'What it shows: name of a query'),
  params: field(json, emptyJson, 'Parameters of the query'),
  type: field(text, 'line', 'line, area, bar, pie, donut, scalar, metric, table, heatmap …'),
  width: field(count, 4, 'Columns'),
  height: field(count, 2, 'Rows'),
  options: field(json, emptyJson, 'How it looks'),
})

export const userDashboardSchema = v.looseObject({
  _loc: location,
  id,
  name,
  description,
  tags,
  metadata,
  enabled: field(flag, true, 'Shown or not'),
  widgets: field(v.array(widgetSchema), () => [], 'Charts and numbers'),
  defaults: field(json, emptyJson, 'Filters at first'),
})
export type UserDashboard = v.InferOutput<typeof userDashboardSchema>

/** A page of charts over stored events. */
export const userDashboard = defineEntity<UserDashboard>({
  group: 'analytics.otoroshi.io',
  version: 'v1',
  kind: 'UserDashboard',
  plural: 'user-dashboards',
  singular: 'user-dashboard',
  idField: 'id',
  storageKey: 'user-dashboards',
  idPrefix: 'user-dashboard',
  legacyPath: null,
  access: fullAccess,
  schema: userDashboardSchema,
  served: false,
  template: newId =>
    fill(userDashboardSchema, {
      id: newId,
      name: 'New user dashboard',
      description: 'New user dashboard description',
    }),
})
