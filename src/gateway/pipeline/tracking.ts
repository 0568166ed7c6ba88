/** The cookie of sticky balancing. */
import { randomUUID } from 'node:crypto'

export const TRACKING_COOKIE = 'otoroshi-tracking'

/** Seconds the cookie lives: thirty days. */
const LIFE = 2_592_000

export function newTrackingId(): string {
  return randomUUID()
}

/** Value of `Set-Cookie`. The id may come from a client: it is encoded. */
export function trackingCookie(id: string, domain: string): string {
  return `${TRACKING_COOKIE}=${encodeURIComponent(id)}; Max-Age=${LIFE}; Path=/; Domain=${domain}`
}
