/**
 * Bans clients for a while who fail too often.
 *
 * Guarantees: failures and bans are counted over all threads of the instance in bounded memory, and outlive changes of the route.
 * Not guaranteed: that other instances know them.
 */
import { guardedRegex } from '../../expression/index.ts'
import { windowPlan } from '../../limits/plan.ts'
import { LOOK, PASS, TAKE } from '../../limits/tally.ts'
import { attribute, definePlugin, type Exchange, schema as v } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { noTexts, setting, text, texts } from '../settings.ts'
import { clientMarks } from './client-marks.ts'
import { duration, durationOf } from './duration.ts'
import { statusRanges } from './status-ranges.ts'

const rule = v.looseObject({
  pattern: setting(text, '', 'Regular expression that is looked for in the path'),
  mode: setting(v.picklist(['allow', 'block']), 'allow', '`block`: failures of these paths do not count'),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.Fail2BanPlugin',
  name: 'fail2ban',
  description:
    'Counts answers with statuses of failures for each client and refuses a client for a while who has too many of them in the time that is looked at.',
  family: 'security',
  categories: ['Security'],
  steps: ['ValidateAccess', 'TransformResponse'],
  config: v.looseObject({
    identifier: setting(text, '${route.id}-${req.ip}', 'Expression that tells clients apart'),
    detect_time: setting(duration, 600_000, 'Time in which failures are counted: milliseconds, or `10m`'),
    ban_time: setting(duration, 10_800_000, 'How long a client is banned: milliseconds, or `3h`'),
    max_retry: setting(v.pipe(v.number(), v.integer(), v.minValue(1)), 4, 'Failures that make a ban'),
    url_regex: setting(
      v.array(rule),
      () => [],
      'Paths whose failures count, `{pattern, mode}`: the first that matches decides; all paths when there is none',
    ),
    status_codes: setting(
      texts,
      () => ['400', '401', '403-499', '500-599'],
      'Statuses of failures, and ranges of them',
    ),
    ignored: setting(
      texts,
      noTexts,
      'Clients that are never banned: identifiers, `*` in them, `Ip(…)` and `Cidr(…)`',
    ),
    blocked: setting(texts, noTexts, 'Clients that are always refused, written in the same way'),
  }),
  setup(config, services) {
    const { counting } = services
    const identifierOf = services.template(config.identifier)
    const fails = statusRanges(config.status_codes)
    const inScope = scopeOf(config.url_regex)
    const [ignored, blocked] = [clientMarks(config.ignored), clientMarks(config.blocked)]
    const failures = windowPlan(config.max_retry, durationOf(config.detect_time))
    const bans = windowPlan(1, durationOf(config.ban_time))
    const settled = attribute<boolean>('fail2ban')

    const note = (exchange: Exchange, status: number): void => {
      if (exchange.attributes.get(settled) === true || !fails(status) || !inScope(exchange.request.path))
        return
      exchange.attributes.set(settled, true)
      const identifier = identifierOf(exchange)
      if (ignored(identifier, exchange.request.ip)) return
      const tally = counting.tally('node', identifier, 'fail2ban failures')
      if (counting.stepNow(tally, failures, TAKE) === PASS && tally.figures[0]! < config.max_retry) return
      // What was counted is taken back: after the ban the client begins anew.
      counting.stepNow(tally, failures, TAKE, -tally.figures[0]!)
      counting.stepNow(counting.tally('node', identifier, 'fail2ban bans'), bans, TAKE)
      services.log('warn', `client ${JSON.stringify(identifier.slice(0, 100))} is banned`)
    }

    return {
      access(exchange) {
        const identifier = identifierOf(exchange)
        const { ip } = exchange.request
        if (ignored(identifier, ip)) return undefined
        const isBlocked = blocked(identifier, ip)
        if (!isBlocked) {
          const ban = counting.tally('node', identifier, 'fail2ban bans')
          if (counting.stepNow(ban, bans, LOOK) === PASS) return undefined
          exchange.attributes.set(settled, true)
          return bareError(403, 'ban.temporary', {
            error: 'temporary_ban',
            message: 'You cant access this resource for now.',
            retry_in_seconds: Math.max(1, Math.ceil((ban.figures[1]! - Date.now()) / 1000)),
          })
        }
        // A refusal of its own is no failure.
        exchange.attributes.set(settled, true)
        return bareError(403, 'ban.blocked', { error: 'blocked', message: 'You cant access this resource.' })
      },
      response: exchange => note(exchange, exchange.response.status),
      error: exchange => note(exchange, exchange.response.status),
      // Answers that other plugins gave whole.
      afterRequest(exchange) {
        const status = statusOf(exchange)
        if (status !== null) note(exchange, status)
      },
    }
  },
})

function scopeOf(rules: readonly v.InferOutput<typeof rule>[]): (path: string) => boolean {
  const compiled = rules.map(({ pattern, mode }) => ({
    regex: guardedRegex(pattern),
    counts: mode === 'allow',
  }))
  return path => compiled.find(({ regex }) => regex.found(path))?.counts ?? true
}

/** Null when the client left before there was an answer. */
function statusOf(exchange: Exchange): number | null {
  try {
    return exchange.response.status
  } catch {
    return null
  }
}
