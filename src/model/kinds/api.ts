import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { schema as v } from '../../schema/index.ts'
import { type ChangeFault, defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef, ref } from '../references.ts'
import { slotRefs } from '../types/plugin-references.ts'
import { newId as newIdOf } from '../ids.ts'
import {
  apiBackendSchema,
  apiClientSchema,
  apiClientSettingsSchema,
  apiDeploymentSchema,
  apiDocumentationSchema,
  apiFlowSchema,
  apiRefSchema,
  apiRouteSchema,
  apiTestingSchema,
  apiVisibilitySchema,
  normalizeApiBackend,
  normalizeApiRoute,
  planSchema,
} from '../types/api-parts.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import { emptyJson, emptyTexts, field, flag, json, line, required, text, texts } from '../types/fields.ts'
import { mapField, mapItems } from '../types/shape.ts'

/** Where an API is in its life. */
export const apiStates = ['staging', 'published', 'deprecated', 'removed'] as const

const defaultClient = () => [{ id: 'default_backend_client', name: 'default_backend_client' }]

export const apiSchema = v.looseObject({
  _loc: location,
  kind: field(v.literal('Api'), 'Api', 'Always `Api`'),
  id,
  name,
  description,
  domain: required(line, 'Domain of every route'),
  contextPath: required(line, 'Path before the paths of every route'),
  metadata,
  tags,
  visibility: field(apiVisibilitySchema, () => ({}), 'Who sees it'),
  owner: field(
    v.looseObject({
      ref: field(text, 'owner', 'Who owns it'),
      config: field(json, emptyJson, 'Settings'),
    }),
    () => ({}),
    'Owner',
  ),
  members: field(v.array(apiRefSchema), () => [], 'Members'),
  version: field(text, '0.0.1', 'Current version'),
  debug_flow: field(flag, false, 'Keep a step by step report of each call'),
  capture: field(flag, false, 'Emit traffic capture events with bodies'),
  export_reporting: field(flag, false, 'Send that report as an event'),
  groups: field(texts, emptyTexts, 'Service groups of its routes'),
  state: field(v.picklist(apiStates), 'staging', 'Where it is in its life'),
  enabled: field(flag, true, 'Routed only when true'),
  blueprint: field(v.picklist(['REST', 'GraphQL', 'gRPC', 'Http', 'Websocket']), 'REST', 'Style of the API'),
  plans: field(v.array(planSchema), () => [], 'What one can subscribe to'),
  routes: field(v.array(apiRouteSchema), () => [], 'Routes'),
  backends: field(v.array(apiBackendSchema), () => [], 'Backends of the routes'),
  flows: field(v.array(apiFlowSchema), () => [], 'Named lists of plugins'),
  clients_backend_config: field(
    v.array(apiClientSettingsSchema),
    defaultClient,
    'Client settings of backends',
  ),
  documentation: field(v.nullable(apiDocumentationSchema), null, 'Content of the developer portal'),
  deployments: field(v.array(apiDeploymentSchema), () => [], 'Past deployments, the newest first'),
  versions: field(texts, () => ['0.0.1'], 'Versions there were'),
  testing: field(apiTestingSchema, () => ({}), 'Header that leads to the draft'),
  clients: field(v.array(apiClientSchema), () => [], 'Clients'),
  hooks: field(v.array(apiRefSchema), () => [], 'Hooks'),
})
export type Api = v.InferOutput<typeof apiSchema>

function normalize(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let api = mapField(input, 'routes', routes => mapItems(routes, normalizeApiRoute))
  api = mapField(api, 'backends', backends => mapItems(backends, normalizeApiBackend))
  // Backends name an entry of this list: an empty one takes the default.
  return mapField(api, 'clients_backend_config', list =>
    Array.isArray(list) && list.length === 0 ? defaultClient() : list,
  )
}

type State = (typeof apiStates)[number]

/** Where a plain write may lead: what is published goes through a deployment. */
const transitions: Readonly<Record<State, readonly State[]>> = {
  staging: ['staging'],
  published: ['published', 'deprecated', 'removed'],
  deprecated: ['published', 'deprecated', 'removed'],
  removed: ['staging', 'removed'],
}
/** What callers see: once it is not staging any more, it changes in the draft. */
const guarded = ['domain', 'contextPath', 'routes', 'backends', 'flows', 'documentation', 'testing'] as const

function judgeApi(before: Api | null, after: Api): ChangeFault | null {
  const { state } = after
  if (before === null)
    return state === 'staging'
      ? null
      : {
          code: 'cannot_create_in_state',
          description: `a new API is in state 'staging', not '${state}'`,
          more: { state },
        }
  const from = before.state
  if (!transitions[from].includes(state))
    return {
      code: 'invalid_state_transition',
      description: `an API does not go from '${from}' to '${state}' by a write`,
      more: { from, to: state },
    }
  if (from === 'staging') return null
  const fields = guarded.filter(field => !isDeepStrictEqual(before[field], after[field]))
  if (fields.length === 0) return null
  return {
    code: 'production_readonly',
    description: `in state '${from}' these change in the draft and by a deployment: ${fields.join(', ')}`,
    more: { fields },
  }
}

/** Routes, plans and documentation that are published together. */
export const api = defineEntity<Api>({
  group: 'apis.otoroshi.io',
  version: 'v1',
  kind: 'Api',
  plural: 'apis',
  singular: 'api',
  idField: 'id',
  storageKey: 'apis',
  idPrefix: 'api',
  legacyPath: null,
  access: fullAccess,
  schema: apiSchema,
  normalize,
  // Everybody can guess an empty value.
  validate: ({ testing }) =>
    testing.enabled && testing.headerValue.trim() === ''
      ? ['testing.headerValue: Must not be blank while testing is enabled']
      : [],
  judge: judgeApi,
  served: false,
  references: [
    ref('groups.*', 'ServiceGroup'),
    // Usually a backend of the API itself.
    looseRef('routes.*.backend', 'Backend'),
    slotRefs('flows.*.plugins.*'),
    looseRef('plans.*.access_mode_configuration.verifier', 'JwtVerifier'),
    looseRef('plans.*.access_mode_configuration.verifier', 'AuthModule'),
  ],
  template: newId =>
    fill(apiSchema, {
      id: newId,
      name: 'New API',
      description: 'New API description',
      domain: 'api.oto.tools',
      contextPath: '/v1',
      backends: [
        {
          id: newIdOf({ idPrefix: 'api_backend' }),
          name: 'default_backend',
          backend: {
            targets: [{ id: 'target_1', hostname: 'request.otoroshi.io', port: 443, tls: true }],
          },
        },
      ],
      flows: [
        {
          id: 'default_plugin_chain',
          name: 'default_plugin_chain',
          plugins: [{ plugin: 'cp:otoroshi.next.plugins.OverrideHost' }],
        },
      ],
      documentation: {},
      testing: { headerValue: randomUUID() },
    }),
})
