/** `Cache-Status` (RFC 9211): what this cache did with a request. */

/** Why a request went on to the backend. */
export type Forwarded = 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'method' | 'bypass' | 'partial'

export interface CacheReport {
  readonly hit: boolean
  /** Seconds the answer is still fresh; negative when stale. Null: not known. */
  readonly ttl: number | null
  readonly forwarded?: Forwarded
  /** Status of the backend, when another one goes to the client. */
  readonly forwardStatus?: number
  readonly stored?: boolean
  /** It waited for the answer to another request. */
  readonly collapsed?: boolean
  readonly detail?: string
}

/** The value of the field. */
export function cacheStatus(report: CacheReport): string {
  const parts = ['Otoroshi']
  if (report.hit) parts.push('hit')
  if (report.forwarded !== undefined) parts.push(`fwd=${report.forwarded}`)
  if (report.forwardStatus !== undefined) parts.push(`fwd-status=${report.forwardStatus}`)
  if (report.ttl !== null) parts.push(`ttl=${Math.floor(report.ttl)}`)
  if (report.stored === true) parts.push('stored')
  if (report.collapsed === true) parts.push('collapsed')
  if (report.detail !== undefined) parts.push(`detail=${report.detail}`)
  return parts.join('; ')
}
