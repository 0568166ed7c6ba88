/**
 * The report of one request: what each step decided and how long it took. Made only when asked for (route `debug_flow`,
 * a registered try-it id, explain); shape as upstream's execution report, with candidates and attempts besides.
 */
import type { Refusal } from '../../plugin/answer.ts'

/** A step of a request; times are milliseconds since its start. */
export interface FlowStep {
  readonly task: string
  readonly start: number
  stop: number
  readonly ctx: Record<string, unknown>
}

export interface FlowReport {
  readonly id: string
  readonly creation: string
  readonly termination: string
  readonly duration: number
  readonly duration_ns: number
  readonly overhead_in: number
  readonly overhead_out: number
  readonly overhead: number
  readonly state: 'Successful' | 'Failed'
  readonly steps: readonly Record<string, unknown>[]
}

export class Flow {
  readonly startedAt: number
  readonly #origin: number
  readonly #steps: FlowStep[] = []
  #failure: Refusal | null = null
  /** Marks in milliseconds since the start; -1 unknown. */
  calledAt = -1
  answeredAt = -1

  /** `origin`: `performance.now()` of the arrival; `startedAt`: the same as epoch milliseconds. */
  constructor(startedAt: number, origin: number) {
    this.startedAt = startedAt
    this.#origin = origin
  }

  get now(): number {
    return performance.now() - this.#origin
  }

  /** Ends the running step and begins another: steps follow each other without gaps, so durations add up. */
  begin(task: string, ctx: Record<string, unknown> = {}): void {
    const now = this.now
    const last = this.#steps.at(-1)
    if (last !== undefined) last.stop = now
    this.#steps.push({ task, start: last === undefined ? 0 : now, stop: now, ctx })
  }

  /** Adds to the running step. */
  note(key: string, value: unknown): void {
    const last = this.#steps.at(-1)
    if (last !== undefined) last.ctx[key] = value
  }

  /** Records the verdict of a plugin in the running step; of a traced one, what it saw and what it left. */
  plugin(
    plugin: string,
    start: number,
    verdict: Record<string, unknown>,
    seen?: unknown,
    left?: unknown,
  ): void {
    const last = this.#steps.at(-1)
    if (last === undefined) return
    last.ctx['plugins'] ??= []
    const stop = this.now
    const entry = {
      plugin,
      start_ms: round(start),
      ...durations(stop - start),
      execution_debug:
        seen === undefined ? { out: verdict } : { in: { ctx: seen }, out: { ...verdict, ctx: left } },
    }
    ;(last.ctx['plugins'] as unknown[]).push(entry)
  }

  fail(refusal: Refusal): void {
    this.#failure = refusal
    this.begin('request-failure', {
      message: refusal.message,
      reason: refusal.reason,
      cause: refusal.cause,
      subject: refusal.subject,
      detail: refusal.detail,
    })
  }

  /** Ends the report. */
  report(id: string): FlowReport {
    const end = this.now
    const last = this.#steps.at(-1)
    if (last !== undefined) last.stop = end
    const overheadIn = this.calledAt
    const overheadOut = this.answeredAt < 0 ? 0 : end - this.answeredAt
    return {
      id,
      creation: new Date(this.startedAt).toISOString(),
      termination: new Date(this.startedAt + end).toISOString(),
      ...durations(end),
      overhead_in: round(overheadIn),
      overhead_out: round(overheadOut),
      overhead: round(overheadIn < 0 ? end : overheadIn + overheadOut),
      state: this.#failure === null ? 'Successful' : 'Failed',
      steps: this.#steps.map(step => ({
        task: step.task,
        start: round(this.startedAt + step.start),
        start_fmt: new Date(this.startedAt + step.start).toISOString(),
        stop: round(this.startedAt + step.stop),
        stop_fmt: new Date(this.startedAt + step.stop).toISOString(),
        ...durations(step.stop - step.start),
        ctx: step.ctx,
      })),
    }
  }
}

function durations(ms: number): { duration: number; duration_ns: number } {
  return { duration: round(ms), duration_ns: Math.round(ms * 1e6) }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
