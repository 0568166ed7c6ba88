/** Paths the gateway answers itself: the monitoring endpoints, on any host, and at short paths where the host is an address. */
import { isIPv4 } from 'node:net'
import { answerMonitoring, type MonitoringFacts } from '../events/index.ts'
import { answer } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import type { OwnPaths } from '../gateway/gateway.ts'

const MONITORING = '/.well-known/otoroshi/monitoring/'

/** Answers `/.well-known/otoroshi/monitoring/…`; `stateHeaders`: names of the field to echo and the one to echo it in. */
export function ownPaths(
  facts: MonitoringFacts,
  stateHeaders: readonly [asked: string, answered: string],
): OwnPaths {
  const [asked, answered] = stateHeaders
  return request => {
    const topic = topicOf(request)
    if (topic === null) return null
    const found = answerMonitoring(
      {
        topic,
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

/** Last part of a monitoring path, or null. */
function topicOf({ path, domain }: ClientRequest): string | null {
  if (path.startsWith(MONITORING)) return path.slice(MONITORING.length).replace(/\/$/, '')
  return isIPv4(domain) ? path.slice(1).replace(/\/$/, '') : null
}
