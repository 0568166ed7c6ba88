/** What a plugin or the gateway itself answers a client: a full answer, or a refusal that the error renderer words. */
import { type ReasonCode, reasons } from './reasons.ts'

/** A body sent as it is; an async iterable is streamed. */
export type AnswerBody = string | Uint8Array | StreamedBody | null

/** A body that comes in pieces. `length`: its bytes when they are known beforehand; the pieces must then add up to it. */
export interface StreamedBody extends AsyncIterable<Uint8Array> {
  readonly length?: number
}

export interface FullAnswer {
  readonly kind: 'full'
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: AnswerBody
}

/** An error the renderer turns into HTML or JSON (template, `Otoroshi-Error*` headers, translations). */
export interface Refusal {
  readonly kind: 'refusal'
  readonly reason: ReasonCode
  readonly status: number
  /** Text for people and for `Otoroshi-Error-Msg`. */
  readonly message: string
  /** Upstream's cause id, seen in templates and events. */
  readonly cause: string
  /** What the reason is about (a plugin id), for the reason header and the flow report. */
  readonly subject: string | null
  /** More for events and reports, never sent to the client. */
  readonly detail: string | null
}

export type Answer = FullAnswer | Refusal

/** A full answer. Header names and values must be clean (no control characters). */
export function answer(
  status: number,
  headers: ReadonlyArray<readonly [string, string]> = [],
  body: AnswerBody = null,
): FullAnswer {
  return { kind: 'full', status, headers, body }
}

/** A JSON answer. */
export function answerJson(status: number, value: unknown): FullAnswer {
  return answer(status, [['Content-Type', 'application/json']], JSON.stringify(value))
}

/** A refusal from the reason catalogue; status, message and cause can be made more precise. */
export function refuse(reason: ReasonCode, more: Partial<Omit<Refusal, 'kind' | 'reason'>> = {}): Refusal {
  const entry = reasons[reason]
  return {
    kind: 'refusal',
    reason,
    status: more.status ?? entry.status,
    message: more.message ?? entry.message,
    cause: more.cause ?? entry.cause,
    subject: more.subject ?? null,
    detail: more.detail ?? null,
  }
}
