/** What plugins return, checked: one written without types may return anything, and must then fail rather than pass. */
import type { SocketVerdict, Verdict } from '../../plugin/contract.ts'

/** A phase returned something that is no verdict. */
export class NoVerdict extends Error {
  constructor(value: unknown) {
    super(`it returned ${describe(value)} instead of nothing, an answer or a promise`)
    this.name = 'NoVerdict'
  }
}

/** Passes a verdict or a promise on. Throws `NoVerdict`. */
export function checkVerdict(value: Verdict | Promise<Verdict>): Verdict | Promise<Verdict> {
  if (value === undefined || value instanceof Promise) return value
  return checkAnswer(value)
}

/** Passes on what a promise resolved with. Throws `NoVerdict`. */
export function checkAnswer(value: Verdict): Verdict {
  if (value === undefined) return value
  if (typeof value !== 'object' || value === null) throw new NoVerdict(value)
  const { kind, status } = value
  if (kind !== 'full' && kind !== 'refusal') throw new NoVerdict(value)
  if (!Number.isInteger(status) || status < 200 || status > 999) throw new NoVerdict(value)
  return value
}

/** Passes on which route a plugin chose, if any. Throws `NoVerdict`: a promise chooses nothing. */
export function checkRouteId(value: string | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new NoVerdict(value)
}

/** Passes on what became of a message. Throws `NoVerdict`: what says nothing shall not let it pass. */
export function checkSocketVerdict(value: SocketVerdict): SocketVerdict {
  const action: unknown = (value as SocketVerdict | undefined)?.action
  if (action !== 'pass' && action !== 'drop' && action !== 'close') throw new NoVerdict(value)
  return value
}

/** Passes on what a condition returned. Throws `NoVerdict`: a promise, which is always true, decides nothing. */
export function checkChoice(value: boolean): boolean {
  if (typeof value === 'boolean') return value
  if ((value as unknown) instanceof Promise) (value as Promise<unknown>).catch(() => {})
  throw new NoVerdict(value)
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 50)
  const { kind, status } = value as { kind?: unknown; status?: unknown }
  if (kind === undefined) return 'an object that is no answer'
  return `an answer of kind ${String(kind).slice(0, 50)} with status ${String(status).slice(0, 50)}`
}
