/** The rounds of active health checks of backends. */
import { setting } from '../setting.ts'
import { duration, flag, headerName, whole } from '../value-types.ts'

export const healthChecks = {
  initialDelay: setting({
    key: 'otoroshi.healthcheck.job.initial-delay',
    env: ['OTOROSHI_HEALTHCHECK_INITIAL_DELAY'],
    type: duration(),
    default: 10_000,
    unit: 'ms',
    about: 'from the start to the first round',
  }),
  interval: setting({
    key: 'otoroshi.healthcheck.job.interval',
    env: ['OTOROSHI_HEALTHCHECK_INTERVAL'],
    type: duration({ min: 100 }),
    default: 60_000,
    unit: 'ms',
    about: 'from the beginning of one round to that of the next',
  }),
  parallel: setting({
    key: 'otoroshi.healthcheck.workers',
    env: ['OTOROSHI_HEALTHCHECK_WORKERS'],
    type: whole(1, 1_000),
    default: 4,
    about: 'targets checked at once',
  }),
  ttl: setting({
    key: 'otoroshi.healthcheck.ttl',
    env: ['OTOROSHI_HEALTHCHECK_TTL'],
    type: duration({ min: 1 }),
    default: 60_000,
    unit: 'ms',
    about:
      'how long a target is left out after a check that failed; from the interval on, until the next round is through',
  }),
  ttlOnly: setting({
    key: 'otoroshi.healthcheck.ttl-only',
    env: ['OTOROSHI_HEALTHCHECK_TTL_ONLY'],
    type: flag,
    default: true,
    about: 'leave a target out for all of that time, even when it is found well before',
  }),
  blockOnRed: setting({
    key: 'otoroshi.healthcheck.block-on-red',
    env: ['OTOROSHI_HEALTHCHECK_BLOCK_ON_RED', 'OTOROSHI_HEALTHCHECK_BLOCK_ON_500'],
    type: flag,
    default: false,
    about: 'leave out targets that answer wrongly, whatever their backend says',
  }),
  logicHeader: setting({
    key: 'otoroshi.headers.healthcheck.test',
    type: headerName,
    default: 'Otoroshi-Health-Check-Logic-Test',
    about: 'header with the number of the logic check',
  }),
  logicResultHeader: setting({
    key: 'otoroshi.headers.healthcheck.testresult',
    type: headerName,
    default: 'Otoroshi-Health-Check-Logic-Test-Result',
    about: 'header of the answer with that number and 42 more',
  }),
}
