/** Paths the gateway answers itself, on any host: the monitoring endpoints. */
import { answerMonitoring, type MonitoringFacts } from '../events/index.ts'
import { answer } from '../plugin/answer.ts'
import type { OwnPaths } from '../gateway/gateway.ts'

const MONITORING = '/.well-known/otoroshi/monitoring/'

/** Answers `/.well-known/otoroshi/monitoring/…`; `stateHeaders`: names of the field to echo and the one to echo it in. */
export function ownPaths(
  facts: MonitoringFacts,
  stateHeaders: readonly [asked: string, answered: string],
): OwnPaths {
  const [asked, answered] = stateHeaders
  return request => {
    if (!request.path.startsWith(MONITORING)) return null
    const found = answerMonitoring(
      {
        topic: request.path.slice(MONITORING.length).replace(/\/$/, ''),
        query: request.query,
        accept: request.headers.get('accept'),
        keyHeader: request.headers.get('x-access-key'),
      },
      facts,
    )
    if (found === null) return null
    return answer(
      found.status,
      [
        ['Content-Type', found.contentType],
        ['Cache-Control', 'no-store'],
        [answered, request.headers.get(asked.toLowerCase()) ?? '--'],
      ],
      found.body,
    )
  }
}
