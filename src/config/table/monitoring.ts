/** What operators see: logs, health, metrics. */
import { setting } from '../setting.ts'
import { choice, flag, optional, text } from '../value-types.ts'

export const LOG_LEVELS = ['off', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const logLevel = choice(LOG_LEVELS, { warning: 'warn', trace: 'debug', all: 'debug' })

export const logs = {
  level: setting({
    key: 'otoroshi.logLevel',
    env: ['OTOROSHI_LOG_LEVEL'],
    flag: 'log-level',
    type: logLevel,
    default: 'info',
    about: 'least important messages that are written: error, warn, info or debug; or off',
  }),
}

export const health = {
  accessKey: setting({
    key: 'otoroshi.health.accessKey',
    env: ['HEALTH_ACCESS_KEY', 'OTOROSHI_HEALTH_ACCESS_KEY'],
    type: optional(text),
    default: null,
    about: 'key asked for by the health endpoints',
    secret: true,
  }),
}

export const metrics = {
  enabled: setting({
    key: 'otoroshi.metrics.enabled',
    env: ['OTOROSHI_METRICS_ENABLED'],
    type: flag,
    default: true,
    about: 'answer the metrics endpoint',
  }),
  accessKey: setting({
    key: 'otoroshi.metrics.accessKey',
    env: ['OTOROSHI_METRICS_ACCESS_KEY'],
    type: optional(text),
    default: null,
    defaultFrom: 'otoroshi.health.accessKey',
    about: 'key asked for by the metrics endpoint',
    secret: true,
  }),
}
