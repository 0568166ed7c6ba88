import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { accessModes } from '../types/api-parts.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyJson, field, json, number, text } from '../types/fields.ts'

const moment = (what: string) => field(number, 0, `${what}, epoch milliseconds; 0: unknown`)

const datesSchema = v.looseObject({
  created_at: moment('Made'),
  processed_at: moment('Accepted'),
  started_at: moment('Started'),
  paused_at: moment('Paused'),
  ending_at: moment('To end'),
  closed_at: moment('Closed'),
})

export const apiSubscriptionSchema = v.looseObject({
  // Not `_loc`: the name is upstream's.
  location,
  id,
  name,
  description,
  tags,
  metadata,
  status: field(text, 'disabled', 'pending, enabled, disabled, deprecated or a word of your own'),
  dates: field(datesSchema, () => ({}), 'Moments of its life'),
  owner_ref: field(text, '', 'Who subscribed'),
  plan_ref: field(text, '', 'Plan of the API'),
  payment_ref: field(json, emptyJson, 'About the payment'),
  api_ref: field(text, '', 'The API'),
  subscription_kind: field(v.picklist(accessModes), 'apikey', 'Kind of credential'),
  token_refs: field(v.array(json), () => [], 'Credentials: {apikey: client id}'),
})
export type ApiSubscription = v.InferOutput<typeof apiSubscriptionSchema>

/** Somebody's subscription to a plan of an API. */
export const apiSubscription = defineEntity<ApiSubscription>({
  group: 'apis.otoroshi.io',
  version: 'v1',
  kind: 'ApiSubscription',
  plural: 'apisubscriptions',
  singular: 'apisubscription',
  idField: 'id',
  storageKey: 'apisubscriptions',
  idPrefix: 'api-subscription',
  legacyPath: null,
  access: fullAccess,
  schema: apiSubscriptionSchema,
  served: false,
  references: [ref('api_ref', 'Api'), ref('token_refs.*.apikey', 'Apikey')],
  template: newId => {
    const now = Date.now()
    return fill(apiSubscriptionSchema, {
      id: newId,
      name: 'New API Subscription',
      description: 'New API Subscription description',
      dates: {
        created_at: now,
        processed_at: now,
        started_at: now,
        paused_at: now,
        ending_at: now,
        closed_at: now,
      },
    })
  },
})
