/** Plugins outside of routes, asked in turn: validators of incoming requests, and sinks. The first that answers decides. */
import { type Answer, refuse } from '../plugin/answer.ts'
import type { Body, Verdict } from '../plugin/contract.ts'
import { requestSnapshot } from './flow/snapshot.ts'
import { failureNote, type VerdictNote, verdictNote } from './flow/verdict-note.ts'
import type { Chain, ChainStep } from './pipeline/chain.ts'
import { MessageBody } from './pipeline/message-body.ts'
import { checkAnswer, checkVerdict } from './pipeline/verdict.ts'
import type { Visit } from './visit.ts'

export interface GlobalSteps {
  readonly steps: Chain['sink']
  readonly visit: Visit
  /** The body of the request, for steps that answer it: validators see none, whoever comes behind them needs it. */
  readonly body?: Body
  /** Called each time before a promise is waited for. */
  waits(): void
  answered(verdict: Answer): void
  /** None of them answered. */
  passed(): void
}

const noBody = new MessageBody(0, () => {})

/** Nothing is called once the client is gone. A plugin that fails answers 500 and never lets the request pass (law 1). */
export function askInTurn(asking: GlobalSteps, from = 0): void {
  const { steps, visit } = asking
  for (let i = from; i < steps.length; i++) {
    const step = steps[i]!
    if (step.only !== null && !step.only(visit.request)) continue
    const note = watchGlobal(step, visit)
    let verdict: Verdict | Promise<Verdict>
    try {
      verdict = checkVerdict(step.run(visit.request, asking.body ?? noBody))
    } catch (error) {
      note?.(failureNote(error))
      asking.answered(failed(step.plugin, error))
      return
    }
    if (verdict instanceof Promise) {
      asking.waits()
      verdict
        .then(checkAnswer)
        .then(
          late => {
            note?.(verdictNote(late))
            return late
          },
          error => {
            note?.(failureNote(error))
            return failed(step.plugin, error)
          },
        )
        .then(late => {
          if (visit.gone) return
          if (late === undefined) askInTurn(asking, i + 1)
          else asking.answered(late)
        })
      return
    }
    note?.(verdictNote(verdict))
    if (verdict === undefined) continue
    asking.answered(verdict)
    return
  }
  asking.passed()
}

/** What records the verdict of a step that begins now; null: nobody wants to know. */
export function watchGlobal(
  { plugin, debug }: ChainStep<unknown>,
  { flow, request }: Visit,
): VerdictNote | null {
  if (flow === null) return null
  const start = flow.now
  if (!debug) return out => flow.plugin(plugin, start, out)
  const seen = { request: requestSnapshot(request) }
  return out => flow.plugin(plugin, start, out, seen, seen)
}

/** What is answered when a plugin outside of routes fails. */
export function failed(plugin: string, error: unknown): Answer {
  return refuse('plugin.failed', {
    subject: plugin,
    detail: error instanceof Error ? error.message : String(error),
  })
}
