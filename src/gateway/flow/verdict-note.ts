/** What flow reports say about the verdict of a plugin, with upstream's names. */
import type { Answer } from '../../plugin/answer.ts'
import type { Verdict } from '../../plugin/contract.ts'

/** Records the verdict of one plugin. */
export type VerdictNote = (out: Record<string, unknown>) => void

export function failureNote(error: unknown): Record<string, unknown> {
  return { result: { kind: 'failure', error: error instanceof Error ? error.message : String(error) } }
}

export function verdictNote(verdict: Verdict): Record<string, unknown> {
  if (verdict === undefined) return { result: { kind: 'successful' } }
  const answer = verdict as Answer
  return {
    result: {
      kind: answer.kind === 'refusal' ? 'denied' : 'short-circuit',
      status: answer.status,
      ...(answer.kind === 'refusal' && { error: answer.message, reason: answer.reason }),
    },
  }
}
