/** Parts of an API: what it is made of besides routes. */
import { schema as v } from '../../schema/index.ts'
import { backendSettingsSchema, normalizeBackend } from './backend.ts'
import { clientSettingsSchema } from './client.ts'
import { metadata, tags } from './common.ts'
import {
  absent,
  count,
  emptyJson,
  emptyMap,
  field,
  flag,
  headerMap,
  identifier,
  json,
  line,
  number,
  optionalText,
  required,
  text,
} from './fields.ts'
import { frontendSchema, normalizeFrontend } from './frontend.ts'
import { pluginSlots } from './plugin-slot.ts'
import { isObject, mapField } from './shape.ts'

const partId = required(identifier, 'Identifier within the API')

/** A reference to somebody or something outside, with settings. */
export const apiRefSchema = v.looseObject({
  ref: required(text, 'What is referred to'),
  config: field(json, emptyJson, 'Settings'),
})

export const apiVisibilitySchema = v.looseObject({
  kind: field(v.picklist(['public', 'semi_public', 'private', 'custom']), 'public', 'Who sees it'),
  config: field(json, emptyJson, 'Settings'),
})

/** How callers of a plan prove who they are. */
export const accessModes = ['keyless', 'apikey', 'jwt', 'mtls', 'oauth2-local', 'oauth2-remote'] as const

/** A plan is kept as it was given. Its access mode must be one that exists: an unknown one would be an open door. */
export const planSchema = v.looseObject({
  id: partId,
  name: absent(v.nullable(text), 'Display name'),
  description: absent(v.nullable(text), 'Free text for humans'),
  status: absent(
    v.nullable(v.picklist(['staging', 'published', 'deprecated', 'closed'])),
    'Life cycle; published unless given',
  ),
  access_mode_configuration_type: absent(
    v.nullable(v.picklist(accessModes)),
    'How callers prove who they are; keyless unless given',
  ),
  access_mode_configuration: absent(v.nullable(json), 'Settings of the access mode'),
  pricing: absent(v.nullable(json), 'Price'),
  rateLimiting: absent(v.nullable(json), 'Limits of each subscription'),
  tags: absent(v.nullable(v.array(text)), 'Labels'),
  metadata: absent(v.nullable(v.record(text, text)), 'Free keys and values'),
  validation: absent(v.nullable(json), 'How subscriptions are accepted'),
  visibility: absent(v.nullable(json), 'Who sees the plan'),
})

export const apiRouteSchema = v.looseObject({
  id: partId,
  enabled: field(flag, true, 'Routed only when true'),
  name: optionalText('Display name'),
  frontend: field(frontendSchema, () => ({}), 'Which calls it accepts, below the path of the API'),
  backend: required(text, 'Backend of the API, or a stored one'),
  flow_ref: required(text, 'Plugins: a flow of the API'),
})

export const apiBackendSchema = v.looseObject({
  id: partId,
  name: required(text, 'Display name'),
  backend: required(backendSettingsSchema, 'Where and how calls are sent'),
  client: field(text, 'default_backend_client', 'Client settings: an entry of clients_backend_config'),
})

export const apiFlowSchema = v.looseObject({
  id: partId,
  name: required(text, 'Display name'),
  plugins: pluginSlots,
})

export const apiClientSettingsSchema = v.looseObject({
  id: partId,
  name: required(text, 'Display name'),
  client: field(clientSettingsSchema, () => ({}), 'Timeouts, retries, proxy'),
})

export const apiDeploymentSchema = v.looseObject({
  id: partId,
  apiRef: required(text, 'The API'),
  owner: required(text, 'Who deployed'),
  at: field(number, 0, 'When, epoch milliseconds'),
  apiDefinition: required(json, 'What was deployed'),
  version: field(text, '0.0.1', 'Version deployed'),
})

export const apiTestingSchema = v.looseObject({
  enabled: field(flag, false, 'Serve the draft to whoever sends the header'),
  headerKey: field(line, 'X-OTOROSHI-TESTING', 'Name of the header'),
  headerValue: field(line, '', 'Its value'),
})

export const apiClientSchema = v.looseObject({
  id: partId,
  name: required(text, 'Display name'),
  description: optionalText('Free text for humans'),
  tags,
  metadata,
})

const resources = field(v.array(json), () => [], 'Pages and files')

export const apiDocumentationSchema = v.looseObject({
  enabled: field(flag, true, 'Shown or not'),
  source: field(
    v.nullable(
      v.looseObject({
        url: required(line, 'Documentation in the same form, merged with this'),
        headers: field(headerMap, emptyMap, 'Headers of the call'),
        timeout: field(count, 30000, 'Longest wait, milliseconds'),
        follow_redirects: field(flag, true, 'Follow redirects'),
      }),
    ),
    null,
    'Where more of it is',
  ),
  home: field(json, emptyJson, 'First page'),
  logo: field(json, emptyJson, 'Logo'),
  references: field(v.array(json), () => [], 'Links'),
  resources,
  navigation: field(v.array(json), () => [], 'Menus'),
  redirections: field(v.array(json), () => [], 'Paths that lead elsewhere: {from, to}'),
  footer: field(v.nullable(json), null, 'Foot of every page'),
  search: field(v.looseObject({ enabled: field(flag, true, 'On or off') }), () => ({}), 'Search'),
  banner: field(v.nullable(json), null, 'Banner of every page'),
  metadata,
  tags,
})

/** Accepts the shortcuts of frontends, and `plugin_chain` in place of `flow_ref`. */
export function normalizeApiRoute(input: unknown): unknown {
  if (!isObject(input)) return input
  const route = mapField(input, 'frontend', normalizeFrontend)
  if (typeof route['plugin_chain'] !== 'string') return route
  const { plugin_chain, ...rest } = route
  return { ...rest, flow_ref: plugin_chain }
}

/** Accepts the shortcuts of backends. */
export function normalizeApiBackend(input: unknown): unknown {
  return isObject(input) ? mapField(input, 'backend', normalizeBackend) : input
}
