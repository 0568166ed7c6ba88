/** What follows from the declared settings together. */
import type { Values } from './setting.ts'
import type { Settings } from './shape.ts'
import type { table } from './table/index.ts'

export function derive(declared: Values<typeof table>, loggers: Settings['loggers']): Settings {
  const { http, requests, backends, adminApi, domains } = declared
  const limits = requests.validate
    ? {
        ...http.limits,
        maxTarget: Math.min(http.limits.maxTarget, requests.maxUrlLength),
        maxHeaderName: Math.min(http.limits.maxHeaderName, requests.maxHeaderNameLength),
        maxHeaderValue: Math.min(http.limits.maxHeaderValue, requests.maxHeaderValueLength),
      }
    : http.limits
  const under = (subdomain: string): string => `${subdomain}.${domains.domain}`
  const additional = adminApi.additionalDomain === null ? [] : [adminApi.additionalDomain]
  return {
    ...declared,
    http: { ...http, limits },
    pool: {
      maxConnections: backends.maxConnections,
      maxIdle: backends.keepAlive ? backends.maxIdle : 0,
      idleTimeout: backends.idleTimeout,
      maxQueue: backends.maxQueue,
      http: { ...http.limits, ...backends.limits },
    },
    adminHosts: {
      exposed: [...new Set([under(adminApi.subdomain), ...additional, ...adminApi.exposedDomains])],
      internal: [...new Set([under(adminApi.targetSubdomain), ...adminApi.internalDomains])],
    },
    loggers,
  }
}

/** Faults of settings that do not fit together. */
export function contradictions(settings: Settings): string[] {
  const { https, http } = settings
  const faults: string[] = []
  if ((https.certFile === null) !== (https.keyFile === null))
    faults.push('otoroshi.tls.certFile and otoroshi.tls.keyFile: give both, or none')
  if (https.certFile !== null && https.port !== 0 && https.port === http.port)
    faults.push(`http.port and https.port are both ${http.port}: they must differ`)
  return faults
}
