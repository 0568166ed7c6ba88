/**
 * The error phase: plugins may change the error answer that is about to be sent, or answer something else. One that fails
 * changes nothing: the client gets an error in any case.
 */
import type { Refusal } from '../../plugin/answer.ts'
import type { Verdict } from '../../plugin/contract.ts'
import { failureNote, type VerdictNote, verdictNote } from '../flow/verdict-note.ts'
import type { Chain, ChainStep } from './chain.ts'
import type { GatewayExchange } from './exchange.ts'
import { checkAnswer, checkVerdict } from './verdict.ts'

export interface ErrorPhase {
  readonly steps: Chain['error']
  readonly exchange: GatewayExchange
  readonly refusal: Refusal
  /** What records the verdict of a step; null: nobody wants to know. */
  watch(step: ChainStep<unknown>): VerdictNote | null
  failed(plugin: string, error: unknown): void
  /** Called once, with what the first plugin that answered said. */
  done(verdict: Verdict): void
}

/** Asks the plugins in turn; waits only for those that return a promise. */
export function runErrorPhase(phase: ErrorPhase, from = 0): void {
  const { steps, exchange, refusal } = phase
  for (let i = from; i < steps.length; i++) {
    const step = steps[i]!
    if (step.only !== null && !step.only(exchange.request)) continue
    const note = phase.watch(step)
    const failed = (error: unknown): void => {
      note?.(failureNote(error))
      phase.failed(step.plugin, error)
    }
    try {
      const verdict = checkVerdict(step.run(exchange, refusal))
      if (verdict instanceof Promise) {
        const decided = verdict.then(checkAnswer).then(
          late => {
            note?.(verdictNote(late))
            return late
          },
          (error): Verdict => failed(error),
        )
        decided
          .then(late => (late === undefined ? runErrorPhase(phase, i + 1) : phase.done(late)))
          .catch(error => phase.failed(step.plugin, error))
        return
      }
      note?.(verdictNote(verdict))
      if (verdict === undefined) continue
      phase.done(verdict)
      return
    } catch (error) {
      failed(error)
    }
  }
  phase.done(undefined)
}
