/** The calls of health checks, over connections like those of requests. */
import type { Probe, ProbeRequest, ProbeResult } from '../gateway/health/index.ts'
import type { CompiledTarget } from '../gateway/balancing/index.ts'
import type { PoolLease } from '../gateway/backends/pools.ts'
import { HeaderBlock } from '../http/index.ts'
import { type Collected, CollectedAnswer } from './collected-answer.ts'

/** Connections to a target for a route. Throws when it cannot be called at all. */
export type HoldTarget = (target: CompiledTarget, routeId: string) => PoolLease

/** Makes calls over `hold`. Redirects are answers like others: they are not followed. */
export function probeThrough(hold: HoldTarget): Probe {
  return async (target, request) => {
    const lease = hold(target, request.routeId)
    try {
      const { status, headers, body } = await ask(target, request, lease)
      return { status, header: name => headers.get(name), body } satisfies ProbeResult
    } finally {
      lease.release()
    }
  }
}

function ask(target: CompiledTarget, request: ProbeRequest, { dispatcher }: PoolLease): Promise<Collected> {
  const { method, path, headers, timeout, mostBody, signal } = request
  const fields = HeaderBlock.from([['Host', target.authority], ['Accept', '*/*'], ...headers])
  return new Promise((resolve, reject) => {
    const answer = new CollectedAnswer(mostBody, 'cut', null, resolve, reject)
    const timeouts = { connect: timeout, head: timeout, idle: timeout, total: timeout }
    const call = dispatcher.dispatch(
      { method, path, headers: fields, bodyLength: 0, upgrade: null },
      answer,
      timeouts,
    )
    answer.use(call)
    signal.addEventListener('abort', () => answer.giveUp(signal.reason))
  })
}
