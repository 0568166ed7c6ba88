import { schema as v } from '../../schema/index.ts'
import { type ChangeFault, defineEntity } from '../entity.ts'
import { fill } from '../fill.ts'
import { ref } from '../references.ts'
import { isAddressEntry } from '../types/address-entry.ts'
import { metadata, tags } from '../types/common.ts'
import {
  count,
  emptyJson,
  emptyTexts,
  field,
  flag,
  json,
  number,
  optionalText,
  text,
  texts,
} from '../types/fields.ts'
import {
  autoCertSchema,
  globalScriptsSchema,
  ipFilteringSchema,
  letsEncryptSchema,
  pluginRefsSchema,
  quotasSettingsSchema,
  snowMonkeySchema,
  templatesSchema,
  tlsSettingsSchema,
} from '../types/global-settings.ts'

const unset = v.nullable(json)
const lists = v.array(json)

export const globalConfigSchema = v.looseObject({
  tags,
  letsEncryptSettings: field(letsEncryptSchema, () => ({}), 'ACME account and server'),
  lines: field(texts, () => ['prod'], 'Environments of service descriptors'),
  anonymousReporting: field(flag, false, 'Send anonymous usage data'),
  initWithNewEngine: field(flag, true, 'Created with the current engine'),
  maintenanceMode: field(flag, false, 'Answer the maintenance page everywhere'),
  enableEmbeddedMetrics: field(flag, true, 'Keep live counters'),
  streamEntityOnly: field(flag, true, 'Stream answers'),
  autoLinkToDefaultGroup: field(flag, true, 'Put new service descriptors in the default group'),
  limitConcurrentRequests: field(flag, false, 'Cap concurrent requests'),
  maxConcurrentRequests: field(count, 1000, 'That cap'),
  maxHttp10ResponseSize: field(count, 4194304, 'Largest answer to HTTP/1.0 callers, bytes'),
  useCircuitBreakers: field(flag, true, 'Circuit breakers and retries'),
  apiReadOnly: field(flag, false, 'The admin API refuses writes'),
  u2fLoginOnly: field(flag, false, 'Admins log in with passkeys only'),
  trustXForwarded: field(flag, true, 'Believe X-Forwarded-* request headers'),
  ipFiltering: field(ipFilteringSchema, () => ({}), 'Addresses accepted and refused'),
  throttlingQuota: field(number, 10000000, 'Calls per throttling window'),
  perIpThrottlingQuota: field(number, 10000000, 'Calls per window and caller address'),
  analyticsWebhooks: field(lists, () => [], 'Webhooks of analytics events'),
  alertsWebhooks: field(lists, () => [], 'Webhooks of alerts'),
  elasticWritesConfigs: field(lists, () => [], 'Elasticsearch clusters that get events'),
  elasticReadsConfig: field(unset, null, 'Elasticsearch cluster that statistics are read from'),
  alertsEmails: field(texts, emptyTexts, 'Receivers of alerts'),
  logAnalyticsOnServer: field(flag, false, 'Print gateway events in the log'),
  useAkkaHttpClient: field(flag, false, 'Kept for compatibility'),
  endlessIpAddresses: field(texts, emptyTexts, 'Callers that get an endless answer'),
  statsdConfig: field(unset, null, 'StatsD: {host, port, datadog}'),
  kafkaConfig: field(unset, null, 'Kafka, old place'),
  backOfficeAuthRef: optionalText('Auth module of the console'),
  mailerSettings: field(unset, null, 'Mail provider'),
  cleverSettings: field(unset, null, 'Clever Cloud account'),
  maxWebhookSize: field(count, 100, 'Events per webhook call'),
  middleFingers: field(flag, false, 'Endless answers repeat a joke'),
  maxLogsSize: field(count, 10000, 'Audit events and alerts kept'),
  otoroshiId: field(text, '', 'Identity of the cluster'),
  snowMonkeyConfig: field(snowMonkeySchema, () => ({}), 'Chaos engineering'),
  scripts: field(globalScriptsSchema, () => ({}), 'Old global scripts'),
  geolocationSettings: field(
    v.looseObject({ type: field(text, 'none', 'none, maxmind or ipstack') }),
    () => ({}),
    'Geolocation of callers',
  ),
  userAgentSettings: field(
    v.looseObject({ enabled: field(flag, false, 'On or off') }),
    () => ({}),
    'Parsing of user agents',
  ),
  autoCert: field(autoCertSchema, () => ({}), 'Certificates made on the fly'),
  tlsSettings: field(tlsSettingsSchema, () => ({}), 'TLS towards clients'),
  quotasSettings: field(quotasSettingsSchema, () => ({}), 'Alerts on quotas'),
  plugins: field(pluginRefsSchema, () => ({}), 'Global plugins'),
  wasmoSettings: field(unset, null, 'WASM registry'),
  metadata,
  env: field(json, emptyJson, 'Free JSON; also the vault named local'),
  extensions: field(json, emptyJson, 'Settings of extensions by id'),
  templates: field(templatesSchema, () => ({}), 'Merged over the template of each kind'),
})
export type GlobalConfig = v.InferOutput<typeof globalConfigSchema>

/** An entry that cannot be read closes every route: it is refused while somebody is there to put it right. */
function judgeAddresses(before: GlobalConfig | null, { ipFiltering }: GlobalConfig): ChangeFault | null {
  for (const list of ['whitelist', 'blacklist'] as const) {
    const known = new Set(before?.ipFiltering[list])
    const bad = ipFiltering[list].findIndex(entry => !known.has(entry) && !isAddressEntry(entry))
    if (bad < 0) continue
    const description = `ipFiltering.${list}.${bad}: expected an IP address, a network (10.0.0.0/8) or a pattern (10.0.*)`
    return { code: 'bad_request', description, more: {} }
  }
  return null
}

/** The configuration of the whole cluster. There is one. */
export const globalConfig = defineEntity<GlobalConfig>({
  group: 'config.otoroshi.io',
  version: 'v1',
  kind: 'GlobalConfig',
  plural: 'global-configs',
  singular: 'global-config',
  idField: 'id',
  storageKey: 'config:global',
  idPrefix: '',
  legacyPath: '/api/globalconfig',
  access: { read: true, create: false, update: true, delete: false, bulk: false },
  schema: globalConfigSchema,
  served: true,
  judge: judgeAddresses,
  references: [ref('backOfficeAuthRef', 'AuthModule'), ref('autoCert.caRef', 'Certificate')],
  singleton: 'global',
  template: newId => fill(globalConfigSchema, { otoroshiId: newId }),
})
