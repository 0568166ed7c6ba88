/** Every setting of the process, nested as `Settings` is. */
import { adminApi, domains, firstStart } from './admin-api.ts'
import { headerNames } from './header-names.ts'
import { healthChecks } from './health-checks.ts'
import { history } from './history.ts'
import { instance, plugins, running, secrets } from './identity.ts'
import { limits } from './limits.ts'
import { exposed, http, https, requests } from './listening.ts'
import { console, logins } from './logins.ts'
import { health, logs, metrics } from './monitoring.ts'
import { backends, engine } from './proxying.ts'
import { postgres } from './postgres.ts'
import { redis } from './redis.ts'
import { responseCache } from './response-cache.ts'
import { storage } from './storage.ts'

export const table = {
  http,
  https,
  exposed,
  requests,
  domains,
  adminApi,
  firstStart,
  logins,
  console,
  secrets,
  instance,
  storage,
  history,
  redis,
  postgres,
  running,
  plugins,
  backends,
  healthChecks,
  responseCache,
  engine,
  limits,
  headerNames,
  logs,
  health,
  metrics,
}

/** Titles of the groups, for the documentation. */
export const titles: Readonly<Record<keyof typeof table, string>> = {
  http: 'HTTP server',
  https: 'HTTPS',
  exposed: 'How users see the ports',
  requests: 'Checks of requests',
  domains: 'Domains',
  adminApi: 'Admin API',
  firstStart: 'First start',
  logins: 'Logins of users',
  console: 'Logins of administrators',
  secrets: 'Secrets',
  instance: 'Identity',
  storage: 'Storage',
  history: 'History',
  redis: 'Redis',
  postgres: 'PostgreSQL',
  running: 'Process',
  plugins: 'Plugins',
  backends: 'Backends',
  healthChecks: 'Health checks of backends',
  responseCache: 'Response cache',
  engine: 'Engine',
  limits: 'Limits',
  headerNames: 'Header names',
  logs: 'Logs',
  health: 'Health',
  metrics: 'Metrics',
}
