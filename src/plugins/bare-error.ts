/** Errors that a plugin answers in its own JSON rather than as a refusal: still with a reason code (law 5). */
import { answer, type FullAnswer } from '../plugin/answer.ts'
import type { ReasonCode } from '../plugin/reasons.ts'

/** A JSON answer that carries a reason code. */
export function bareError(status: number, reason: ReasonCode, body: unknown): FullAnswer {
  return answer(
    status,
    [
      ['Content-Type', 'application/json'],
      ['Otoroshi-Error-Reason', reason],
    ],
    JSON.stringify(body),
  )
}
