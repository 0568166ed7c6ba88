import { schema as v } from '../../schema/index.ts'
import { defineEntity, fullAccess } from '../entity.ts'
import { fill } from '../fill.ts'
import { looseRef, ref } from '../references.ts'
import { description, id, location, metadata, name, tags } from '../types/common.ts'
import {
  emptyJson,
  emptyTexts,
  field,
  flag,
  hostname,
  json,
  line,
  optionalText,
  required,
  text,
  texts,
} from '../types/fields.ts'
import { pluginRefsSchema } from '../types/global-settings.ts'
import { loadBalancingSchema } from '../types/load-balancing.ts'
import { restrictionsSchema } from '../types/restrictions.ts'
import { serviceSecurity, serviceSwitches, serviceTokens, serviceTraffic } from '../types/service-fields.ts'
import {
  keyConstraintsSchema,
  normalizeServiceTarget,
  oldPluginsSchema,
  serviceTargetSchema,
} from '../types/service-parts.ts'
import { mapField, mapItems } from '../types/shape.ts'

export const serviceDescriptorSchema = v.looseObject({
  _loc: location,
  id,
  groupId: optionalText('Old form: one more group'),
  groups: field(texts, () => ['default'], 'Service groups: API keys are granted per group'),
  name,
  description,
  env: field(text, 'prod', 'Environment; part of the host name unless `prod`'),
  domain: required(line, 'End of the host name'),
  subdomain: required(line, 'Start of the host name'),
  targetsLoadBalancing: field(loadBalancingSchema, () => ({}), 'How a target is chosen'),
  targets: field(v.array(serviceTargetSchema), () => [], 'Servers'),
  root: field(text, '/', 'Path put before the forwarded one'),
  matchingRoot: optionalText('Start of the path a call must have'),
  stripPath: field(flag, true, 'Remove it before forwarding'),
  localHost: field(hostname, 'localhost:8080', 'Server used with redirectToLocal'),
  localScheme: field(v.picklist(['http', 'https']), 'http', 'Its scheme'),
  ...serviceSwitches,
  ...serviceSecurity,
  ...serviceTraffic,
  metadata,
  tags,
  ...serviceTokens,
  transformerRef: optionalText('Old form: one transformer'),
  transformerRefs: field(texts, emptyTexts, 'Old transformers'),
  transformerConfig: field(json, emptyJson, 'Their settings'),
  apiKeyConstraints: field(keyConstraintsSchema, () => ({}), 'Where API keys are looked for'),
  restrictions: field(restrictionsSchema, () => ({}), 'Methods and paths that may be called'),
  accessValidator: field(oldPluginsSchema, () => ({}), 'Old access validators'),
  preRouting: field(oldPluginsSchema, () => ({}), 'Old plugins before the choice of a target'),
  plugins: field(pluginRefsSchema, () => ({}), 'Old plugins'),
  hosts: field(v.array(line), emptyTexts, 'More hosts'),
  paths: field(v.array(line), emptyTexts, 'More starts of paths'),
  handleLegacyDomain: field(flag, true, 'Answer on subdomain, env and domain as well'),
  issueCert: field(flag, false, 'Make a certificate for the hosts'),
  issueCertCA: optionalText('Authority that signs it'),
})
export type ServiceDescriptor = v.InferOutput<typeof serviceDescriptorSchema>

function normalize(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let service: Record<string, unknown> = { ...input, name: input['name'] ?? input['id'] }
  // The default group beside the one that was named would let in keys nobody meant.
  if (service['groups'] == null && typeof service['groupId'] === 'string')
    service['groups'] = [service['groupId']]
  if (typeof service['tcpTunneling'] === 'boolean' && service['tcpUdpTunneling'] == null) {
    const { tcpTunneling, ...rest } = service
    service = { ...rest, tcpUdpTunneling: tcpTunneling }
  }
  return mapField(service, 'targets', targets => mapItems(targets, normalizeServiceTarget))
}

/** What routes were before there were routes. */
export const serviceDescriptor = defineEntity<ServiceDescriptor>({
  group: 'proxy.otoroshi.io',
  version: 'v1',
  kind: 'ServiceDescriptor',
  plural: 'service-descriptors',
  singular: 'service-descriptor',
  idField: 'id',
  storageKey: 'desc',
  idPrefix: 'service',
  legacyPath: '/api/services',
  access: fullAccess,
  schema: serviceDescriptorSchema,
  normalize,
  served: false,
  references: [
    ref('groups.*', 'ServiceGroup'),
    ref('groupId', 'ServiceGroup'),
    ref('authConfigRef', 'AuthModule'),
    ref('clientValidatorRef', 'ClientValidator'),
    ref('jwtVerifier.ids.*', 'JwtVerifier'),
    ref('jwtVerifier.id', 'JwtVerifier'),
    ref('issueCertCA', 'Certificate'),
    looseRef('targets.*.mtlsConfig.certs.*', 'Certificate'),
  ],
  template: (newId, context) =>
    fill(serviceDescriptorSchema, {
      id: newId,
      groupId: 'default',
      name: 'my-service',
      description: 'a service',
      domain: context?.domain ?? 'oto.tools',
      subdomain: 'myservice',
      targets: [{ host: 'changeme.cleverapps.io', scheme: 'https' }],
      forceHttps: context?.secure ?? false,
      enforceSecureCommunication: false,
      sendOtoroshiHeadersBack: false,
    }),
})
