/** Parts of the global configuration that have their own shape. */
import { schema as v } from '../../schema/index.ts'
import { emptyJson, emptyTexts, field, flag, json, number, optionalText, text, texts } from './fields.ts'

const object = (description: string) => field(json, emptyJson, description)

export const letsEncryptSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  server: field(text, 'acme://letsencrypt.org/staging', 'ACME directory'),
  emails: field(texts, emptyTexts, 'Emails of the account'),
  contacts: field(texts, emptyTexts, 'Contacts of the account'),
  publicKey: field(text, '', 'Public key of the account'),
  privateKey: field(text, '', 'Private key of the account'),
  preferredChain: optionalText('Preferred chain'),
})

export const ipFilteringSchema = v.looseObject({
  whitelist: field(texts, emptyTexts, 'Addresses accepted; none listed means all'),
  blacklist: field(texts, emptyTexts, 'Addresses refused'),
})

const ratioFault = field(v.nullable(json), null, 'Fault with its share of calls; null for none')
export const chaosSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  largeRequestFaultConfig: ratioFault,
  largeResponseFaultConfig: ratioFault,
  latencyInjectionFaultConfig: ratioFault,
  badResponsesFaultConfig: ratioFault,
})

const defaultOutageFaults = () => ({
  enabled: true,
  latencyInjectionFaultConfig: { ratio: 0.2, from: 500, to: 5000 },
  badResponsesFaultConfig: {
    ratio: 0.2,
    responses: [
      {
        status: 502,
        body: '{"error":"Nihonzaru everywhere ..."}',
        headers: { 'Content-Type': 'application/json' },
      },
    ],
  },
})

export const snowMonkeySchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  outageStrategy: field(text, 'OneServicePerGroup', 'OneServicePerGroup or AllServicesPerGroup'),
  includeUserFacingDescriptors: field(flag, false, 'Hurt user facing routes too'),
  dryRun: field(flag, false, 'Only tell what would be done'),
  timesPerDay: field(number, 1, 'Outages per day'),
  startTime: field(text, '09:00:00.000', 'Local time of day'),
  stopTime: field(text, '23:59:59.000', 'Local time of day'),
  outageDurationFrom: field(number, 600000, 'Shortest outage, milliseconds'),
  outageDurationTo: field(number, 3600000, 'Longest outage, milliseconds'),
  targetGroups: field(texts, emptyTexts, 'Groups; none listed means all'),
  chaosConfig: field(chaosSchema, defaultOutageFaults, 'Faults injected'),
})

export const globalScriptsSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  transformersRefs: field(texts, emptyTexts, 'Transformers'),
  transformersConfig: object('Their settings'),
  validatorRefs: field(texts, emptyTexts, 'Access validators'),
  validatorConfig: object('Their settings'),
  preRouteRefs: field(texts, emptyTexts, 'Pre-route plugins'),
  preRouteConfig: object('Their settings'),
  sinkRefs: field(texts, emptyTexts, 'Sinks'),
  sinkConfig: object('Their settings'),
  jobRefs: field(texts, emptyTexts, 'Jobs'),
  jobConfig: object('Their settings'),
})

export const autoCertSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  replyNicely: field(flag, false, 'Answer with a page when no certificate may be made'),
  caRef: optionalText('Authority that signs'),
  allowed: field(texts, emptyTexts, 'Names accepted'),
  notAllowed: field(texts, emptyTexts, 'Names refused'),
})

export const tlsSettingsSchema = v.looseObject({
  defaultDomain: optionalText('Name served when the client gives none'),
  randomIfNotFound: field(flag, false, 'Serve any certificate rather than none'),
  includeJdkCaServer: field(flag, true, 'Trust the usual authorities for clients'),
  includeJdkCaClient: field(flag, true, 'Trust the usual authorities for servers'),
  trustedCAsServer: field(texts, emptyTexts, 'Authorities trusted for clients'),
  bannedAlpnProtocols: object('Protocols not offered, by name'),
  clientAuth: field(v.picklist(['None', 'Want', 'Need', 'Dynamic']), 'None', 'Client certificates'),
  strictBackendServerValidation: field(flag, true, 'Check the certificates of backends strictly'),
})

export const quotasSettingsSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  dailyQuotasThreshold: field(number, 0.8, 'Share of the daily quota that alerts'),
  monthlyQuotasThreshold: field(number, 0.8, 'Share of the monthly quota that alerts'),
})

/** Plugins of the older engine, kept because the settings of the current one live in `config`. */
export const pluginRefsSchema = v.looseObject({
  enabled: field(flag, false, 'On or off'),
  refs: field(texts, emptyTexts, 'Plugin ids'),
  config: object('Settings; `ng` and `NextGenProxyEngine` hold those of the engine'),
  excluded: field(texts, emptyTexts, 'Path patterns left alone'),
})

const templateNames = [
  'route',
  'service',
  'backend',
  'target',
  'descriptor',
  'apikey',
  'group',
  'template',
  'verifier',
  'authConfig',
  'certificate',
  'script',
  'draft',
  'api',
  'tcpService',
  'dataExporter',
  'tenant',
  'team',
  'apiSubscription',
  'routeTemplate',
  'userDashboardTemplate',
  'userAlertTemplate',
] as const
type TemplateName = (typeof templateNames)[number]
const templateField = object('Merged over the built-in template')

/** JSON merged over the template of each kind. */
export const templatesSchema = v.looseObject(
  Object.fromEntries(templateNames.map(name => [name, templateField])) as Record<
    TemplateName,
    typeof templateField
  >,
)
