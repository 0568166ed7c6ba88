/** From the settings of the process to what a data-plane thread is started with. */
import type { Settings } from '../config/index.ts'
import { InFlight } from '../data-plane/in-flight.ts'
import type { ListenerSettings, ThreadSettings } from '../data-plane/thread-settings.ts'
import { metricsMemory } from '../events/index.ts'
import { createCellMemory } from '../limits/cells.ts'

/** PEM texts of the configured certificate. */
export interface TlsMaterial {
  readonly cert: string
  readonly key: string
}

/** The ports of the settings. */
export const STANDARD_LISTENER = 'standard-listener'
/** Identity under which the HTTPS port is kept; requests see the standard listener. */
export const HTTPS_LISTENER = 'standard-listener-https'

/** Ports of the settings: HTTP, and HTTPS when there is a certificate. */
export function listenersOf(settings: Settings, tls: TlsMaterial | null): readonly ListenerSettings[] {
  const { http, https } = settings
  const shared = { host: http.host, http1: true, exclusive: false, standard: true }
  const plain: ListenerSettings = {
    ...shared,
    id: STANDARD_LISTENER,
    port: http.port,
    tls: null,
    http2: https.http2,
  }
  if (tls === null) return [plain]
  return [plain, { ...shared, id: HTTPS_LISTENER, port: https.port, tls, http2: https.http2 }]
}

/** Everything but the index of the thread. `admin` null: the admin API is not exposed. */
export function threadSettingsOf(
  settings: Settings,
  admin: ThreadSettings['adminRoute'],
  state: SharedArrayBuffer,
  sharedTexts: ThreadSettings['sharedTexts'],
): Omit<ThreadSettings, 'index'> {
  const { instance, running, http, engine, requests } = settings
  return {
    threads: running.threads,
    instance: instance.seed,
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
    trailingSlashMeansExactSegments: engine.trailingSlashMeansExactSegments,
    maintenance: running.maintenance,
    adminRoute: admin,
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
    sharedTexts,
    inFlight: InFlight.memory(running.threads),
    metrics: metricsMemory(running.threads),
    state,
  }
}
