/** Tells that more requests are in flight than the global configuration wants. */
import { buildAlert, type EventPort } from '../events/index.ts'

/** Milliseconds between two alerts of a thread: upstream raises one with every request. */
const PAUSE = 1_000

const noRoute = { id: '', name: '' }

/** What is told of each request beyond the limit. */
export function crowdAlert(
  events: EventPort,
  ids: () => string,
  env: string,
): (limit: number, current: number) => void {
  let next = 0
  return (limit, current) => {
    const now = Date.now()
    if (now < next || !events.wanted) return
    next = now + PAUSE
    const fields = { limit, current }
    events.emit(buildAlert('MaxConcurrentRequestReachedAlert', ids(), now, env, noRoute, fields))
  }
}
