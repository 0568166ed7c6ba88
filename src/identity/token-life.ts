/** When the access token of a session is to be renewed. */
import type { UserView } from './user.ts'

/** Milliseconds a token that says no end is taken to be good, and most before its end that it is renewed. */
const USUAL_LIFE = 600_000
const EARLY = 60_000

/** The access token is near its end at `now`, epoch milliseconds. Its life counts from when it was had. */
export function tokenIsDue({ token, entity }: UserView, now: number): boolean {
  const life = Number(token['expires_in'])
  const milliseconds = life > 0 ? life * 1000 : USUAL_LIFE
  const early = Math.min(EARLY, milliseconds / 5)
  return now >= (entity.lastRefresh ?? 0) + milliseconds - early
}
