/** What follows from the declared settings together. */
import { postgresFault } from './postgres/target.ts'
import { isRedisKind, limiterTarget, redisTarget } from './redis/target.ts'
import type { Values } from './setting.ts'
import type { Settings } from './shape.ts'
import type { table } from './table/index.ts'

export function derive(declared: Values<typeof table>, loggers: Settings['loggers']): Settings {
  const { http, backends, adminApi, domains } = declared
  const under = (subdomain: string): string => `${subdomain}.${domains.domain}`
  const additional = adminApi.additionalDomain === null ? [] : [adminApi.additionalDomain]
  return {
    ...declared,
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
    loginHosts: loginHosts(declared),
    loggers,
  }
}

function loginHosts(declared: Values<typeof table>): Settings['loginHosts'] {
  const { domains, logins, console, exposed, secrets } = declared
  const under = (subdomain: string): string => `${subdomain}.${domains.domain}`
  const users = [...new Set([under(logins.subdomain), ...logins.domains])]
  const { scheme } = exposed
  return {
    users,
    administrators: console.exposed ? [...new Set([under(console.subdomain), ...console.domains])] : [],
    scheme: scheme === 'https' ? 'https' : 'http',
    port: scheme === 'https' ? exposed.httpsPort : exposed.httpPort,
    cookieDomain: (logins.cookieDomain ?? `.${domains.domain}`).toLowerCase().replace(/^(?!\.)/, '.'),
    secret: logins.cookieSecret ?? secrets.master,
  }
}

/** Faults of settings that do not fit together. */
export function contradictions(settings: Settings): string[] {
  const { https, http, storage, redis, postgres } = settings
  const faults: string[] = []
  if ((https.certFile === null) !== (https.keyFile === null))
    faults.push('otoroshi.tls.certFile and otoroshi.tls.keyFile: give both, or none')
  if (https.certFile !== null && https.port !== 0 && https.port === http.port)
    faults.push(`http.port and https.port are both ${http.port}: they must differ`)
  const target = isRedisKind(storage.kind) ? redisTarget(storage.kind, redis) : null
  if (typeof target === 'string') faults.push(target)
  const limiter = limiterTarget(settings.limits.redis, redis)
  if (typeof limiter === 'string') faults.push(limiter)
  const fault = storage.kind === 'postgresql' ? postgresFault(postgres) : null
  if (fault !== null) faults.push(fault)
  return faults
}
