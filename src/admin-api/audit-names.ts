/** What upstream calls a write in its audit event and its alert: one way in the generic API, another in the older one. */
import type { AlertShape } from '../events/index.ts'
import type { EntityDefinition } from '../model/entity.ts'

export type WriteVerb = 'create' | 'update' | 'patch' | 'delete'

export interface AuditNames {
  readonly action: string
  readonly message: string
  /** Null: there is no alert. */
  readonly alert: string | null
  /** Fields of the alert; `generic` unless given. */
  readonly shape?: AlertShape
  /** What the audit event of a deletion calls the id of what is gone; `id` unless given. */
  readonly idName?: string
}

/** Kind → names of the older API: in actions, in alerts, in sentences. */
const families: Readonly<Record<string, readonly [action: string, alert: string, words: string]>> = {
  Route: ['ROUTE', 'Route', 'route'],
  Backend: ['STORED_NG_BACKEND', 'StoredNgBackend', 'stored backend'],
  RouteComposition: ['NG_ROUTE_COMPOSITION', 'NgRouteComposition', 'route composition'],
  ServiceDescriptor: ['SERVICE_DESCRIPTOR', 'ServiceDescriptor', 'service descriptor'],
  TcpService: ['TCP_SERVICE', 'TcpService', 'tcp service'],
  ErrorTemplate: ['ERROR_TEMPLATE', 'ErrorTemplate', 'error template'],
  Apikey: ['APIKEY', 'ApiKey', 'apikey'],
  Certificate: ['CERTIFICATE', 'Cert', 'certificate'],
  JwtVerifier: ['GLOBAL_JWT_VERIFIER', 'GlobalJwtVerifier', 'global jwt verifier'],
  AuthModule: ['AUTH_MODULE', 'AuthModuleConfig', 'auth module'],
  ClientValidator: ['CLIENT_CERT_VALIDATOR', 'ClientCertificateValidator', 'client certificate validator'],
  ServiceGroup: ['SERVICE_GROUP', 'ServiceGroup', 'service group'],
  Organization: ['TENANT', 'Tenant', 'tenant'],
  Tenant: ['TENANT', 'Tenant', 'tenant'],
  Team: ['TEAM', 'Team', 'team'],
  DataExporter: ['DATA_EXPORTER_CONFIG', 'DataExporterConfig', 'data exporter config'],
  Script: ['SCRIPT', 'Script', 'script'],
}

/** Kinds whose ids have another name in the older API than the one of the family in alerts. */
const idNames: Readonly<Record<string, string>> = {
  DataExporter: 'dataExporterConfigId',
  ServiceGroup: 'serviceGroupId',
}

const done = { create: 'created', update: 'updated', patch: 'patched', delete: 'deleted' } as const

/** Names of a write through `/apis`; `bulk`: as one line of many. */
export function genericNames({ singular }: EntityDefinition, verb: WriteVerb, bulk: boolean): AuditNames {
  const past = done[verb]
  const action = bulk ? bulkAction(verb) : verb === 'patch' ? 'PATCHED' : verb.toUpperCase()
  return {
    action: `${action}_${singular.toUpperCase()}`,
    message: `User ${bulk ? 'bulk ' : ''}${past} a ${singular}`,
    alert: `${singular}${capital(past)}`,
  }
}

/** Names of the removal of every entity of a kind. */
export function deleteAllNames({ singular, plural }: EntityDefinition): AuditNames {
  return {
    action: `DELETE_ALL_${plural.toUpperCase()}`,
    message: `User deleted all ${plural}`,
    alert: `All${singular}Deleted`,
  }
}

/** Names of a write through `/api`; a patch is an update there. */
export function legacyNames(definition: EntityDefinition, verb: WriteVerb): AuditNames {
  const kept = verb === 'patch' ? 'update' : verb
  const special = specialNames(definition.kind, kept)
  if (special !== null) return special
  const [action, alert, words] = families[definition.kind] ?? [
    definition.singular.toUpperCase().replaceAll('-', '_'),
    definition.kind,
    definition.singular,
  ]
  return {
    action: `${kept.toUpperCase()}_${action}`,
    message: `User ${done[kept]} a ${words}`,
    alert: `${alert}${capital(done[kept])}Alert`,
    idName: idNames[definition.kind] ?? `${alert}Id`,
    ...(definition.kind === 'Apikey' && kept === 'delete' && { shape: 'identity' }),
  }
}

/** Names of the end of many sessions at once; `module`: of those that came through an authentication module. */
export function sessionsNames({ kind }: EntityDefinition, module: boolean): AuditNames {
  const action = module
    ? 'DISCARD_AUTH_MODULE_SESSIONS'
    : kind === 'AdminSession'
      ? 'DISCARD_SESSIONS'
      : 'DISCARD_PRIVATE_APPS_SESSIONS'
  const alert = module ? 'SessionDiscardedAlert' : 'SessionsDiscardedAlert'
  return { action, message: 'User ended sessions', alert, shape: 'user' }
}

/** Names of a reset of quotas. */
export const quotasNames: AuditNames = {
  action: 'RESET_APIKEY_QUOTAS',
  message: 'User reset the quotas of an API key',
  alert: null,
}

/** Names of a purge of the response cache. Upstream has none. */
export const cachePurgeNames: AuditNames = {
  action: 'PURGE_RESPONSE_CACHE',
  message: 'User purged the response cache',
  alert: null,
}

export type SnowMonkeyAct = 'start' | 'stop' | 'update' | 'patch' | 'reset'

/** Names of what is done to the snow monkey. */
export const snowMonkeyNames: Readonly<Record<SnowMonkeyAct, AuditNames>> = {
  start: {
    action: 'STARTED_SNOWMONKEY',
    message: 'User started the snow monkey',
    alert: 'SnowMonkeyStartedAlert',
  },
  stop: {
    action: 'STOPPED_SNOWMONKEY',
    message: 'User stopped the snow monkey',
    alert: 'SnowMonkeyStoppedAlert',
  },
  update: {
    action: 'UPDATED_SNOWMONKEY_CONFIG',
    message: 'User updated the settings of the snow monkey',
    alert: 'SnowMonkeyConfigUpdatedAlert',
  },
  patch: {
    action: 'PATCH_SNOWMONKEY_CONFIG',
    message: 'User changed settings of the snow monkey',
    alert: 'SnowMonkeyConfigUpdatedAlert',
  },
  reset: {
    action: 'RESET_SNOWMONKEY_OUTAGES',
    message: 'User ended the outages of the snow monkey',
    alert: 'SnowMonkeyResetAlert',
  },
}

/** Names of an import. Upstream tells of none. */
export const importNames: AuditNames = {
  action: 'FULL_OTOROSHI_IMPORT',
  message: 'User imported everything',
  alert: 'OtoroshiImportAlert',
}

/** Names of an import that was taken back. */
export const importUndoneNames: AuditNames = {
  action: 'UNDO_FULL_OTOROSHI_IMPORT',
  message: 'User took an import back',
  alert: 'OtoroshiImportUndoneAlert',
}

/** Names of an export. Upstream puts the whole of it into the alert, secrets included. */
export const exportNames: AuditNames = {
  action: 'FULL_OTOROSHI_EXPORT',
  message: 'User exported everything',
  alert: 'OtoroshiExportAlert',
  shape: 'event',
}

/** Names of a change of the targets of a service. */
export function targetsNames(verb: WriteVerb): AuditNames {
  return {
    action: verb === 'delete' ? 'DELETE_SERVICE_TARGET' : 'UPDATE_SERVICE_TARGETS',
    message: 'User updated the targets of a service',
    alert: 'ServiceUpdatedAlert',
  }
}

function specialNames(kind: string, verb: Exclude<WriteVerb, 'patch'>): AuditNames | null {
  switch (kind) {
    case 'GlobalConfig':
      return {
        action: 'UPDATE_GLOBAL_CONFIG',
        message: 'User updated the global configuration',
        alert: 'GlobalConfigModification',
        shape: 'config',
      }
    case 'AdminSession':
      return {
        action: 'DISCARD_SESSION',
        message: 'User ended the session of an administrator',
        alert: 'SessionDiscardedAlert',
        shape: 'user',
        idName: 'sessionId',
      }
    case 'AuthModuleUser':
      return {
        action: 'DISCARD_PRIVATE_APPS_SESSION',
        message: 'User ended the session of a user',
        alert: 'SessionDiscardedAlert',
        shape: 'user',
        idName: 'sessionId',
      }
    case 'SimpleAdminUser':
      return adminNames('ADMIN', 'U2FAdminDeletedAlert', verb)
    case 'WebauthnAdminUser':
      return adminNames('WEBAUTHN_ADMIN', 'WebAuthnAdminDeletedAlert', verb)
    default:
      return null
  }
}

function adminNames(family: string, alert: string, verb: Exclude<WriteVerb, 'patch'>): AuditNames {
  return {
    action: `${verb.toUpperCase()}_${family}`,
    message: `User ${done[verb]} an administrator`,
    alert: verb === 'delete' ? alert : null,
    shape: 'event',
    idName: 'username',
  }
}

function bulkAction(verb: WriteVerb): string {
  if (verb === 'delete') return 'BULK_DELETED'
  return `BULK_${verb.toUpperCase()}`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
