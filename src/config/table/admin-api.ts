/** Domains, the admin API, and what a first start on an empty store creates. */
import { setting } from '../setting.ts'
import { flag, hostName, hostNames, jsonObject, optional, path, text, texts } from '../value-types.ts'

export const domains = {
  domain: setting({
    key: 'otoroshi.domain',
    env: ['APP_DOMAIN', 'OTOROSHI_DOMAIN'],
    flag: 'domain',
    type: hostName,
    default: 'oto.tools',
    about: 'domain below which the hosts of the gateway itself are',
  }),
  routeBase: setting({
    key: 'otoroshi.routeBaseDomain',
    env: ['OTOROSHI_ROUTE_BASE_DOMAIN'],
    type: hostName,
    default: 'newroute.oto.tools',
    about: 'domain proposed by the template of a route',
  }),
}

export const adminApi = {
  exposed: setting({
    key: 'otoroshi.adminapi.exposed',
    env: ['ADMIN_API_EXPOSED', 'OTOROSHI_ADMIN_API_EXPOSED'],
    type: flag,
    default: true,
    about: 'serve the admin API',
  }),
  local: setting({
    key: 'otoroshi.adminapi.local',
    env: ['OTOROSHI_ADMIN_API_LOOPBACK'],
    type: flag,
    default: true,
    about: 'lead to the admin API from localhost, 127.0.0.1 and [::1], below /.well-known/otoroshi/admin-api',
  }),
  subdomain: setting({
    key: 'otoroshi.adminapi.exposedSubdomain',
    env: ['ADMIN_API_EXPOSED_SUBDOMAIN', 'OTOROSHI_ADMIN_API_EXPOSED_SUBDOMAIN'],
    type: hostName,
    default: 'otoroshi-api',
    about: 'subdomain where clients call the admin API',
  }),
  targetSubdomain: setting({
    key: 'otoroshi.adminapi.targetSubdomain',
    env: ['ADMIN_API_TARGET_SUBDOMAIN', 'OTOROSHI_ADMIN_API_TARGET_SUBDOMAIN'],
    type: hostName,
    default: 'otoroshi-admin-internal-api',
    about: 'subdomain behind the route of the admin API',
  }),
  additionalDomain: setting({
    key: 'otoroshi.adminapi.additionalExposedDomain',
    env: ['ADMIN_API_ADDITIONAL_EXPOSED_DOMAIN', 'OTOROSHI_ADMIN_API_ADDITIONAL_EXPOSED_DOMAIN'],
    type: optional(hostName),
    default: null,
    about: 'one more host of the admin API',
  }),
  exposedDomains: setting({
    key: 'otoroshi.adminapi.exposedDomains',
    aliases: ['otoroshi.adminapi.exposedDomainsStr'],
    env: ['ADMIN_API_EXPOSED_DOMAINS', 'OTOROSHI_ADMIN_API_EXPOSED_DOMAINS'],
    type: hostNames,
    default: [],
    about: 'more hosts of the admin API',
  }),
  internalDomains: setting({
    key: 'otoroshi.adminapi.domains',
    aliases: ['otoroshi.adminapi.domainsStr'],
    env: ['ADMIN_API_DOMAINS', 'OTOROSHI_ADMIN_API_DOMAINS'],
    type: hostNames,
    default: [],
    about: 'more hosts behind the route of the admin API',
  }),
  groupId: setting({
    key: 'otoroshi.adminapi.defaultValues.backOfficeGroupId',
    env: ['ADMIN_API_GROUP', 'OTOROSHI_ADMIN_API_GROUP'],
    type: text,
    default: 'admin-api-group',
    about: 'id of the group of the admin API',
  }),
  routeId: setting({
    key: 'otoroshi.adminapi.defaultValues.backOfficeServiceId',
    env: ['ADMIN_API_SERVICE_ID', 'OTOROSHI_ADMIN_API_SERVICE_ID'],
    type: text,
    default: 'admin-api-service',
    about: 'id of the route of the admin API',
  }),
  clientId: setting({
    key: 'otoroshi.adminapi.defaultValues.backOfficeApiKeyClientId',
    env: ['ADMIN_API_CLIENT_ID', 'OTOROSHI_ADMIN_API_CLIENT_ID'],
    type: text,
    default: 'admin-api-apikey-id',
    about: 'client id of the first key of the admin API',
  }),
  clientSecret: setting({
    key: 'otoroshi.adminapi.defaultValues.backOfficeApiKeyClientSecret',
    aliases: ['otoroshi.admin-api-secret'],
    env: ['ADMIN_API_CLIENT_SECRET', 'OTOROSHI_ADMIN_API_CLIENT_SECRET', 'OTOROSHI_ADMIN_API_SECRET'],
    type: text,
    default: 'admin-api-apikey-secret',
    about: 'its secret',
    secret: true,
    publicDefault: true,
  }),
  pretty: setting({
    key: 'otoroshi.options.defaultPrettyAdminApi',
    env: ['OTOROSHI_OPTIONS_DEFAULT_PRETTY_ADMIN_API'],
    type: flag,
    default: true,
    about: 'indent answers of the generic API unless asked otherwise',
  }),
}

/** Acts on an empty store only. */
export const firstStart = {
  adminLogin: setting({
    key: 'otoroshi.adminLogin',
    env: ['OTOROSHI_INITIAL_ADMIN_LOGIN'],
    type: text,
    default: 'admin@otoroshi.io',
    about: 'login of the first administrator',
  }),
  adminPassword: setting({
    key: 'otoroshi.adminPassword',
    env: ['OTOROSHI_INITIAL_ADMIN_PASSWORD'],
    type: optional(text),
    default: null,
    defaultText: 'a random one, printed once',
    about: 'password of the first administrator',
    secret: true,
  }),
  hidePassword: setting({
    key: 'otoroshi.hideInitialAdminPassword',
    env: ['OTOROSHI_HIDE_INITIAL_ADMIN_PASSWORD'],
    type: flag,
    default: false,
    about: 'do not print the random password',
  }),
  writePassword: setting({
    key: 'otoroshi.writeInitialAdminPasswordToFile',
    env: ['OTOROSHI_WRITE_INITIAL_ADMIN_PASSWORD_TO_FILE'],
    type: flag,
    default: false,
    about: 'write the random password to a file',
  }),
  passwordFile: setting({
    key: 'otoroshi.initialAdminPasswordFile',
    env: ['OTOROSHI_INITIAL_ADMIN_PASSWORD_FILE'],
    type: path,
    default: '/etc/otoroshi/initial_admin_password',
    about: 'that file',
  }),
  importFrom: setting({
    key: 'otoroshi.importFrom',
    env: ['APP_IMPORT_FROM', 'OTOROSHI_IMPORT_FROM'],
    flag: 'import',
    type: optional(path),
    default: null,
    about:
      'path or http(s) URL of an export to begin with: JSON, or lines of raw keys (`.ndjson`, `.jsonl`); wins over the other ways to give data',
    secret: true,
  }),
  importHeaders: setting({
    key: 'otoroshi.importFromHeaders',
    type: texts,
    default: [],
    about: 'headers sent to the host of the URL, each as Name:value',
    secret: true,
  }),
  initialData: setting({
    key: 'otoroshi.initialData',
    type: optional(jsonObject),
    default: null,
    about: 'an export written out in the configuration file; wins over otoroshi.initialCustomization',
    secret: true,
    mayNameVaults: true,
  }),
  customization: setting({
    key: 'otoroshi.initialCustomization',
    env: ['OTOROSHI_INITIAL_CUSTOMIZATION'],
    type: optional(jsonObject),
    default: null,
    about: 'merged over the initial objects: an entry with a known id changes it, others are added',
    secret: true,
    mayNameVaults: true,
  }),
}
