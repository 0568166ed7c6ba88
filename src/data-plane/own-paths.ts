/**
 * Paths the gateway answers itself: the monitoring endpoints and links to consumers, on any host; monitoring at short paths,
 * too, where the host is an address or one of the admin API.
 */
import { isIPv4 } from 'node:net'
import { answerMonitoring, type MonitoringFacts } from '../events/index.ts'
import { answer } from '../plugin/answer.ts'
import type { FullAnswer } from '../plugin/answer.ts'
import type { ClientRequest } from '../plugin/contract.ts'
import type { OwnPaths } from '../gateway/gateway.ts'

const MONITORING = '/.well-known/otoroshi/monitoring/'

/** Longest and shortest of `/health`, `/metrics`, `/live`, `/ready` and `/startup`, with a slash behind them or not. */
const LONGEST = 9
const SHORTEST = 5

/**
 * Answers `/.well-known/otoroshi/monitoring/…`; `stateHeaders`: names of the field to echo and the one to echo it in;
 * `domains`: where short paths are answered, too; `consumers`: answers links to consumers.
 */
export function ownPaths(
  facts: MonitoringFacts,
  stateHeaders: readonly [asked: string, answered: string],
  domains: ReadonlySet<string>,
  consumers: (request: ClientRequest) => FullAnswer | null,
): OwnPaths {
  const [asked, answered] = stateHeaders
  return request => {
    const topic = topicOf(request, domains)
    if (topic === null) return consumers(request)
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
function topicOf({ path, domain }: ClientRequest, domains: ReadonlySet<string>): string | null {
  if (path.startsWith(MONITORING)) return path.slice(MONITORING.length).replace(/\/$/, '')
  if (path.length > LONGEST || path.length < SHORTEST) return null
  // Whoever asks an address rather than a name may be a load balancer that wants to know how we are.
  return isIPv4(domain) || domains.has(domain) ? path.slice(1).replace(/\/$/, '') : null
}
