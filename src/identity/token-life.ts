/** How long access tokens are good for, and when that of a session is to be renewed. */
import type { UserView } from './user.ts'

/** Milliseconds a token that says no end is taken to be good, and most before its end that it is renewed. */
const USUAL_LIFE = 600_000
const EARLY = 60_000

/** Seconds of an `expires_in`, which some servers write as text; null when it says none. */
export function tokenSeconds(expiresIn: unknown): number | null {
  const seconds = typeof expiresIn === 'string' && expiresIn.trim() !== '' ? Number(expiresIn) : expiresIn
  return typeof seconds === 'number' && Number.isFinite(seconds) ? Math.max(0, seconds) : null
}

/** The access token is near its end at `now`, epoch milliseconds. Its life counts from when it was had. */
export function tokenIsDue({ token, entity }: UserView, now: number): boolean {
  const life = tokenSeconds(token['expires_in']) ?? 0
  const milliseconds = life > 0 ? life * 1000 : USUAL_LIFE
  const early = Math.min(EARLY, milliseconds / 5)
  return now >= (entity.lastRefresh ?? 0) + milliseconds - early
}
