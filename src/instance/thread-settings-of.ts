/** From the settings of the process to what a data-plane thread is started with. */
import { isRedisKind, readableSettings, secretVariables, type Settings } from '../config/index.ts'
import { InFlight } from '../data-plane/in-flight.ts'
import { TextDesk } from '../data-plane/text-desk.ts'
import type { ListenerSettings, ThreadSettings } from '../data-plane/thread-settings.ts'
import { metricsMemory } from '../events/index.ts'
import { type CacheMemory, createCacheMemory, LEAST_MEMORY, MOST_MEMORY } from '../cache/index.ts'
import { createCellMemory } from '../limits/cells.ts'
import { StartFailure } from './failure.ts'
import { createCountMemory } from '../limits/count-memory.ts'

/** The ports of the settings. */
export const STANDARD_LISTENER = 'standard-listener'
/** Identity under which the HTTPS port is kept; requests see the standard listener. */
export const HTTPS_LISTENER = 'standard-listener-https'

/** The HTTP port of the settings. */
export function plainListener({ http, https }: Settings): ListenerSettings {
  const { host, port } = http
  const { http2 } = https
  return {
    id: STANDARD_LISTENER,
    port,
    host,
    tls: null,
    http1: true,
    http2,
    exclusive: false,
    standard: true,
  }
}

function expressionAccess(settings: Settings): ThreadSettings['expressions'] {
  const { allowEnv, allowConfig } = settings.engine
  const { open, forKeys } = readableSettings(settings)
  return {
    closedVariables: allowEnv ? secretVariables(process.env, settings) : null,
    settings: allowConfig ? open : null,
    keySettings: forKeys,
  }
}

/** True for a store that other instances have, too. */
export function isShared(kind: string): boolean {
  return isRedisKind(kind) || kind === 'postgresql'
}

/** Everything but the index of the thread. `admin` null: the admin API is not exposed. */
export function threadSettingsOf(
  settings: Settings,
  admin: ThreadSettings['adminRoute'],
  state: SharedArrayBuffer,
  sharedTexts: ThreadSettings['sharedTexts'],
  cache: CacheMemory | null,
  logins: ThreadSettings['logins'],
): Omit<ThreadSettings, 'index'> {
  const { instance, running, http, engine, requests } = settings
  return {
    threads: running.threads,
    instance: instance.seed,
    about: {
      number: instance.number,
      name: instance.name,
      zone: instance.zone,
      region: instance.region,
      dc: instance.dc,
      provider: instance.provider,
      rack: instance.rack,
    },
    env: instance.env,
    domain: settings.domains.domain,
    backlog: http.backlog,
    limits: http.limits,
    requestSizes: requests.validate
      ? {
          maxUrl: requests.maxUrlLength,
          maxCookie: requests.maxCookieLength,
          maxHeaderName: requests.maxHeaderNameLength,
          maxHeaderValue: requests.maxHeaderValueLength,
        }
      : null,
    pool: settings.pool,
    dnsTtl: settings.backends.dnsTtl,
    headerNames: settings.headerNames,
    blacklistedPlugins: engine.blacklistedPlugins,
    legacyChecks: engine.legacyChecks,
    trailingSlashMeansExactSegments: engine.trailingSlashMeansExactSegments,
    maintenance: running.maintenance,
    adminRoute: admin,
    logins,
    expressions: expressionAccess(settings),
    protocol: {
      issuer: engine.tokenIssuer,
      secret: settings.secrets.master,
      scheme: settings.exposed.scheme,
      host: settings.adminHosts.exposed[0]!,
      port: settings.exposed.scheme === 'https' ? settings.exposed.httpsPort : settings.exposed.httpPort,
    },
    location: {
      provider: instance.provider,
      region: instance.region,
      zone: instance.zone,
      dc: instance.dc,
      rack: instance.rack,
    },
    healthChecks: settings.healthChecks,
    monitoredDomains: settings.adminHosts.exposed.map(domain => domain.toLowerCase()),
    healthKey: settings.health.accessKey,
    metricsEnabled: settings.metrics.enabled,
    metricsKey: settings.metrics.accessKey ?? settings.health.accessKey,
    cells: createCellMemory(),
    cache,
    bodyLimit: engine.bodyLimit,
    counts: {
      memory: createCountMemory({
        shared: isShared(settings.storage.kind),
        ahead: settings.limits.ahead / 100,
      }),
      apart: settings.limits.redis.enabled
        ? createCountMemory({ shared: true, ahead: settings.limits.ahead / 100 })
        : null,
      zone: settings.limits.zone,
      windowMs: settings.limits.window * 1000,
      fields: settings.limits.fields,
      shadow: settings.limits.shadow,
    },
    sharedTexts,
    textDesk: TextDesk.memory(running.threads),
    inFlight: InFlight.memory(running.threads),
    metrics: metricsMemory(running.threads),
    state,
  }
}

/** Memory for kept answers, null when none are kept. Throws `StartFailure`. */
export function cacheMemory({ responseCache: { memory }, running }: Settings): CacheMemory | null {
  if (memory === 0) return null
  if (memory < LEAST_MEMORY || memory > MOST_MEMORY)
    throw new StartFailure(
      `otoroshi.responseCache.memory: expected 0, or ${LEAST_MEMORY} to ${MOST_MEMORY} bytes, not ${memory}`,
    )
  return createCacheMemory(memory, running.threads)
}
