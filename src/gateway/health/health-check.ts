/** The health check of a backend, compiled from its JSON: what is asked and how the answer is judged. */
import type { HealthCheck as HealthCheckJson } from '../../model/types/health-check.ts'
import { compilePatterns } from './body-patterns.ts'

export interface HealthCheck {
  /** Path and query called on each target. */
  readonly path: string
  /** Longest wait for the whole answer, milliseconds. */
  readonly timeout: number
  readonly healthyStatuses: ReadonlySet<number>
  readonly unhealthyStatuses: ReadonlySet<number>
  /** A target judged RED is left out. */
  readonly blockOnRed: boolean
  /** A number is sent, and 42 more is expected back. */
  readonly logicCheck: boolean
  readonly healthyPatterns: readonly RegExp[]
  readonly unhealthyPatterns: readonly RegExp[]
  /** Why the check cannot be made, or null. Such a check judges nobody: it reports, and leaves targets alone. */
  readonly fault: string | null
  /** Equal for equal settings. */
  readonly fingerprint: string
}

/** A check that waits for ever is none. */
const DEFAULT_TIMEOUT = 5_000
const MOST_TIMEOUT = 60_000
const MOST_PATH = 8_192

/** Compiles a health check; null when there is none or it is off. Never throws. */
export function compileHealthCheck(json: HealthCheckJson | null): HealthCheck | null {
  if (json?.enabled !== true) return null
  const healthy = compilePatterns(json.healthyRegexChecks)
  const unhealthy = compilePatterns(json.unhealthyRegexChecks)
  const path = pathOf(json.url)
  const faults = [healthy, unhealthy].flatMap(compiled => (compiled.ok ? [] : [compiled.message]))
  if (path.length > MOST_PATH) faults.push(`the url is longer than ${MOST_PATH} characters`)
  return {
    path,
    timeout: json.timeout === 0 ? DEFAULT_TIMEOUT : Math.min(json.timeout, MOST_TIMEOUT),
    healthyStatuses: new Set(json.healthyStatuses),
    unhealthyStatuses: new Set(json.unhealthyStatuses),
    blockOnRed: json.blockOnRed,
    logicCheck: json.logicCheck,
    healthyPatterns: healthy.ok ? healthy.patterns : [],
    unhealthyPatterns: unhealthy.ok ? unhealthy.patterns : [],
    fault: faults.length === 0 ? null : faults.join('; '),
    fingerprint: JSON.stringify(json),
  }
}

/** Always a path on the target: whatever is written, it names no other server and ends no request line. */
function pathOf(url: string): string {
  const hash = url.indexOf('#')
  const path = (hash < 0 ? url : url.slice(0, hash)).trim().toWellFormed()
  const printable = path.replace(/[^\x21-\x7e]+/g, encodeURIComponent)
  return printable.startsWith('/') ? printable : `/${printable}`
}
