import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { type ReferenceField, type Referred, ref } from '../references.ts'
import { isObject } from '../types/shape.ts'
import { randomToken } from '../ids.ts'
import { description, location, metadata, tags } from '../types/common.ts'
import {
  absent,
  emptyTexts,
  field,
  flag,
  identifier,
  json,
  number,
  optionalText,
  required,
  text,
  texts,
} from '../types/fields.ts'
import { restrictionsSchema } from '../types/restrictions.ts'

const notBlank = v.pipe(v.string(), v.regex(/\S/, 'Must not be blank'))

const strategies = [
  'LegacyThrottlingStrategyConfig',
  'FixedWindowStrategyConfig',
  'LocalTokensBucketStrategyConfig',
  'DistributedRedisThrottlingStrategyConfig',
  'LuaDistributedRedisThrottlingStrategyConfig',
]
/** A strategy that is not known lets nobody through, so whoever writes one is told. */
const throttlingStrategy = v.pipe(
  v.nullable(json),
  v.check(
    value =>
      value === null ||
      (isObject(value) && (Object.keys(value).length === 0 || strategies.includes(String(value['id'])))),
    `Invalid strategy: expected null or an object whose id is one of ${strategies.join(', ')}`,
  ),
)

export const apikeySchema = v.looseObject({
  _loc: location,
  clientId: required(v.pipe(identifier, v.regex(/\S/, 'Must not be blank')), 'Id of the key'),
  clientSecret: required(notBlank, 'Secret of the key'),
  clientName: required(notBlank, 'Display name'),
  description,
  authorizedGroup: optionalText('Old form of the grants: one group'),
  authorizedEntities: field(
    texts,
    emptyTexts,
    'Old form of the grants: group_<id>, service_<id>, route_<id>, route-composition_<id>, api_<id>',
  ),
  authorizations: field(
    v.array(
      v.looseObject({
        kind: required(text, 'group, service, route, route-composition or api'),
        id: required(text, 'Id of what is granted'),
      }),
    ),
    () => [],
    'Grants, in union with the two older fields',
  ),
  enabled: field(flag, true, 'Usable or not'),
  readOnly: field(flag, false, 'Only GET, HEAD and OPTIONS'),
  allowClientIdOnly: field(flag, false, 'Accept the id without the secret'),
  throttlingStrategy: field(throttlingStrategy, null, 'Limiter used in place of the plain quotas'),
  throttlingQuota: field(number, 10000000, 'Calls per throttling window'),
  dailyQuota: field(number, 10000000, 'Calls per day'),
  monthlyQuota: field(number, 10000000, 'Calls per month'),
  constrainedServicesOnly: field(flag, false, 'Only for services that put constraints on keys'),
  restrictions: field(restrictionsSchema, () => ({}), 'Methods and paths the key may call'),
  rotation: field(
    v.looseObject({
      enabled: field(flag, false, 'On or off'),
      rotationEvery: field(number, 744, 'Life of a secret, hours'),
      gracePeriod: field(number, 168, 'How long both secrets are accepted, hours'),
      nextSecret: optionalText('Secret to come'),
    }),
    () => ({}),
    'Automatic change of the secret',
  ),
  validUntil: field(v.nullable(number), null, 'End of validity, epoch milliseconds'),
  tags,
  metadata,
  bearer: absent(text, 'Computed credential, added to answers'),
})
export type Apikey = v.InferOutput<typeof apikeySchema>

const grantKinds: Readonly<Record<string, string>> = {
  group: 'ServiceGroup',
  service: 'ServiceDescriptor',
  route: 'Route',
  'route-composition': 'RouteComposition',
  api: 'Api',
}

function granted(kind: string, id: string): readonly Referred[] {
  const named = Object.hasOwn(grantKinds, kind) ? grantKinds[kind] : undefined
  // Routes were granted as services, and still may be.
  if (kind === 'service')
    return [
      { kind: 'ServiceDescriptor', id },
      { kind: 'Route', id },
    ]
  return named === undefined ? [] : [{ kind: named, id }]
}

function oldGrant(value: unknown): readonly Referred[] {
  const parts = typeof value === 'string' ? /^([a-z-]+)_(.+)$/s.exec(value) : null
  return parts === null ? [] : granted(parts[1]!, parts[2]!)
}

function grant(value: unknown): readonly Referred[] {
  if (!isObject(value)) return []
  const { kind, id } = value
  return typeof kind === 'string' && typeof id === 'string' ? granted(kind, id) : []
}

// Keys outlive what they are granted on, and one grant may stand for either of two kinds.
const grants = (path: string, read: ReferenceField['read']): ReferenceField => ({
  path,
  kinds: Object.values(grantKinds),
  read,
  loose: true,
})

/** Credentials of a consumer. */
export const apikey = defineEntity<Apikey>({
  group: 'apim.otoroshi.io',
  version: 'v1',
  kind: 'Apikey',
  plural: 'apikeys',
  singular: 'apikey',
  idField: 'clientId',
  storageKey: 'apikey:coll',
  idPrefix: '',
  legacyPath: '/api/apikeys',
  access: fullAccess,
  schema: apikeySchema,
  served: true,
  numerous: 'looked-up',
  references: [
    ref('authorizedGroup', 'ServiceGroup'),
    grants('authorizedEntities.*', oldGrant),
    grants('authorizations.*', grant),
  ],
  // The id of a key is not a uuid: 16 lower case alphanumerics, whatever id is proposed.
  template: () =>
    fill(apikeySchema, {
      clientId: randomToken(16),
      clientSecret: randomToken(64),
      clientName: 'client-name-apikey',
    }),
})
