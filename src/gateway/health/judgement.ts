/** What an answer to a health check says about the target. Pure: nothing is sent, marked or kept here. */
import { type Found, findPatterns } from './body-patterns.ts'
import type { HealthCheck } from './health-check.ts'

/**
 * GREEN: well. YELLOW: the status is well, the logic check is not. RED: the answer says it is unwell. BLACK: there was no
 * answer.
 */
export type Health = 'GREEN' | 'YELLOW' | 'RED' | 'BLACK'

/** An answer as far as it is judged. */
export interface ProbeAnswer {
  readonly status: number
  readonly contentType: string | undefined
  /** Value of the header that answers the logic check. */
  readonly logicResult: string | undefined
  /** Beginning of the body. */
  readonly text: string
}

export interface Judgement {
  readonly health: Exclude<Health, 'BLACK'>
  readonly logicOk: boolean
  /** Expressions whose search ran out of time. */
  readonly undecided: number
}

/** What is added to the number sent. */
const LOGIC = 42

/** Judges an answer. `logic` is the number sent, or null when none was. */
export function judge(check: HealthCheck, answer: ProbeAnswer, logic: number | null): Judgement {
  const logicOk = logic === null || answer.logicResult?.trim() === String(logic + LOGIC)
  const judged = (health: Judgement['health'], undecided = 0): Judgement => ({ health, logicOk, undecided })
  if (!isWellStatus(check, answer.status)) return judged('RED')
  const { unhealthyPatterns, healthyPatterns } = check
  const expressions = unhealthyPatterns.length + healthyPatterns.length
  if (expressions === 0 || !isTextual(answer.contentType)) return judged(logicOk ? 'GREEN' : 'YELLOW')
  const found = findPatterns([...unhealthyPatterns, ...healthyPatterns], answer.text)
  const health = saysHealthy(found, unhealthyPatterns.length) ? 'GREEN' : 'RED'
  return judged(health, found.filter(one => one === null).length)
}

/** The lists decide; without a list of healthy statuses everything from 200 to 499 is one. */
export function isWellStatus(check: HealthCheck, status: number): boolean {
  if (check.unhealthyStatuses.has(status)) return false
  if (check.healthyStatuses.size > 0) return check.healthyStatuses.has(status)
  return status >= 200 && status < 500
}

/** Media types whose body is a text. */
export function isTextual(contentType: string | undefined): boolean {
  return (
    contentType !== undefined &&
    /^\s*text\/|json|xml|yaml|csv|html|javascript|x-www-form-urlencoded/i.test(contentType)
  )
}

/** Nothing unhealthy is found, and something healthy if that is asked for. */
function saysHealthy(found: Found, unhealthy: number): boolean {
  if (found.slice(0, unhealthy).includes(true)) return false
  return found.length === unhealthy || found.slice(unhealthy).includes(true)
}
