/** Counting of calls: windows, quotas, and what instances tell each other. */
import { type RedisUri, redisUris } from '../redis/uri.ts'
import { setting } from '../setting.ts'
import { duration, flag, optional, type ValueType, whole } from '../value-types.ts'

const timeZone: ValueType<string> = {
  name: 'time zone',
  expected: 'the name of a time zone, such as Europe/Paris or UTC',
  fromFile: true,
  read(raw) {
    const name = typeof raw === 'string' ? raw.trim() : ''
    if (!/^[A-Za-z][\w+/-]{1,60}$/.test(name)) return undefined
    try {
      new Intl.DateTimeFormat('en', { timeZone: name })
      return name
    } catch {
      return undefined
    }
  },
}

/** In one text, upstream separates them by semicolons. */
const limiterUris: ValueType<readonly RedisUri[]> = {
  ...redisUris,
  read: raw => redisUris.read(typeof raw === 'string' ? raw.replaceAll(';', ',') : raw),
}

/** Seconds in a year: windows that are longer are quotas. */
const YEAR = 31_536_000

export const limits = {
  window: setting({
    key: 'otoroshi.throttlingWindow',
    env: ['THROTTLING_WINDOW', 'OTOROSHI_THROTTLING_WINDOW'],
    type: whole(1, YEAR),
    default: 10,
    unit: 's',
    about: 'length of the throttling window',
  }),
  zone: setting({
    key: 'otoroshi.limits.timeZone',
    env: ['OTOROSHI_LIMITS_TIME_ZONE'],
    type: optional(timeZone),
    default: null,
    defaultText: 'that of the process',
    about: 'time zone in which days and months of quotas end; the same on all instances of one store',
  }),
  every: setting({
    key: 'otoroshi.limits.storeEvery',
    env: ['OTOROSHI_LIMITS_STORE_EVERY'],
    type: duration({ min: 50 }),
    default: 1_000,
    unit: 'ms',
    about:
      'pause between two rounds in which counted calls are added to the store; a process that is killed forgets the calls since the last one',
  }),
  ahead: setting({
    key: 'otoroshi.limits.ahead',
    env: ['OTOROSHI_LIMITS_AHEAD'],
    type: whole(0, 100),
    default: 10,
    about:
      'on a store that instances share: percent of what is left of a limit (one call at least) that an instance lets through before it tells the others; no more passes beyond a limit than that percentage of it times the number of other instances',
  }),
  fields: setting({
    key: 'otoroshi.limits.rateLimitFields',
    env: ['OTOROSHI_LIMITS_RATE_LIMIT_FIELDS'],
    type: flag,
    default: false,
    about: 'answers to counted calls say in RateLimit and RateLimit-Policy what is left',
  }),
  redis: {
    enabled: setting({
      key: 'otoroshi.rate-limiter.distributed-redis.enabled',
      env: ['OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_ENABLED'],
      type: flag,
      default: false,
      about:
        'count limiters, and API keys, in a Redis of their own, together with all instances that do so, whatever store has the entities',
    }),
    uris: setting({
      key: 'otoroshi.rate-limiter.distributed-redis.uris',
      aliases: ['otoroshi.rate-limiter.distributed-redis.urisStr'],
      env: ['OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_URIS'],
      type: limiterUris,
      default: [],
      about: 'where it is: one server, or several nodes of a cluster',
      secret: true,
    }),
  },
  shadow: setting({
    key: 'otoroshi.limits.shadow',
    env: ['OTOROSHI_LIMITS_SHADOW'],
    type: flag,
    default: false,
    about: 'count, and tell in events and reports which calls are over their limits, but refuse none of them',
  }),
}
