/** Whether a kept answer may be given to a request now (RFC 9111, 4; RFC 5861). */
import type { Directives } from './cache-control.ts'
import type { SilentAnswers } from './storable.ts'
import type { StoredHead } from './stored-head.ts'

export interface ReusePolicy {
  /** Milliseconds an answer is given out at most, since it came or was confirmed. */
  readonly ttl: number
  readonly silent: SilentAnswers
  /** Milliseconds for which a stale answer stands in for an error though it does not say so. */
  readonly staleIfError: number
}

/** `fresh`: as it is; `refresh`: as it is, while a new one is fetched; `stale`: the client takes it; `validate`: not unasked. */
export type Reuse = 'fresh' | 'refresh' | 'stale' | 'validate'

/** Milliseconds for which the answer is still fresh; negative once it is not. */
export function freshFor(
  head: StoredHead,
  now: number,
  { ttl, silent }: Pick<ReusePolicy, 'ttl' | 'silent'>,
): number {
  const { life, facts } = head
  const lifetime = life.lifetime ?? (silent === 'ttl' ? ttl : life.guess)
  return Math.min(lifetime - head.age(now), ttl - Math.max(0, now - facts.arrived))
}

/** `wishes`: cache directives of the request. */
export function reuse(head: StoredHead, wishes: Directives, now: number, policy: ReusePolicy): Reuse {
  const { directives } = head.life
  if (wishes.has('no-cache') || mustAsk(directives)) return 'validate'
  const left = freshFor(head, now, policy)
  const oldest = wishes.seconds('max-age')
  if (oldest !== null && head.age(now) > oldest * 1000) return 'validate'
  const least = wishes.seconds('min-fresh')
  if (least !== null && left < least * 1000) return 'validate'
  if (left > 0) return 'fresh'
  if (forbidsStale(directives)) return 'validate'
  if (-left <= within(directives, 'stale-while-revalidate')) return 'refresh'
  if (directives.has('s-maxage')) return 'validate'
  return -left <= within(wishes, 'max-stale') ? 'stale' : 'validate'
}

/** True when a stale answer may stand in for an error of the backend. */
export function mayStandIn(head: StoredHead, now: number, policy: ReusePolicy): boolean {
  const { directives } = head.life
  if (mustAsk(directives) || forbidsStale(directives)) return false
  const said = within(directives, 'stale-if-error')
  const unsaid = directives.has('s-maxage') ? Number.NEGATIVE_INFINITY : policy.staleIfError
  return -freshFor(head, now, policy) <= (said >= 0 ? said : unsaid)
}

function mustAsk(directives: Directives): boolean {
  return directives.has('no-cache') && directives.fields('no-cache') === null
}

function forbidsStale(directives: Directives): boolean {
  return directives.has('must-revalidate') || directives.has('proxy-revalidate')
}

/** Milliseconds; none when the directive is not there. */
function within(directives: Directives, name: string): number {
  const seconds = directives.seconds(name)
  return seconds === null ? Number.NEGATIVE_INFINITY : seconds * 1000
}
