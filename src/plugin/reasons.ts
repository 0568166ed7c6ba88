/**
 * The reason catalogue (law 5): every answer the gateway makes itself carries one of these codes in
 * `Otoroshi-Error-Reason`. `cause` is upstream's cause id. `docs/reasons.md` is compared with this list by a test.
 */
import { apikeys } from './reasons/apikeys.ts'
import { backends } from './reasons/backends.ts'
import { bodies } from './reasons/bodies.ts'
import { everyday } from './reasons/everyday.ts'
import { protection } from './reasons/protection.ts'
import { requests } from './reasons/requests.ts'
import { routes } from './reasons/routes.ts'
import { tokens } from './reasons/tokens.ts'

export interface Reason {
  readonly status: number
  readonly message: string
  readonly cause: string
  /** When it happens, in one sentence, for the documentation. */
  readonly when: string
}

const catalogue = {
  ...routes,
  ...requests,
  ...backends,
  ...apikeys,
  ...tokens,
  ...bodies,
  ...protection,
  ...everyday,
}

export type ReasonCode = keyof typeof catalogue

/** Code → what it means. */
export const reasons: Readonly<Record<ReasonCode, Reason>> = Object.fromEntries(
  Object.entries(catalogue).map(([code, [status, message, cause, when]]) => [
    code,
    { status, message, cause, when },
  ]),
) as Record<ReasonCode, Reason>
