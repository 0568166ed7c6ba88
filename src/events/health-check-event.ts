/** The event of one health check of one target, in upstream's shape. */

/** What a check found. Times in milliseconds. */
export interface HealthCheckFacts {
  readonly id: string
  readonly endedAt: number
  readonly routeId: string
  readonly routeName: string
  readonly url: string
  readonly duration: number
  /** 0 when there was no answer. */
  readonly status: number
  readonly logicOk: boolean
  readonly health: string
  readonly error: string | null
}

/** Builds the event. */
export function buildHealthCheckEvent(facts: HealthCheckFacts): Record<string, unknown> {
  return {
    '@type': 'HealthCheckEvent',
    '@id': facts.id,
    '@timestamp': facts.endedAt,
    '@product': 'default',
    '@serviceId': facts.routeId,
    '@service': facts.routeName,
    url: facts.url,
    duration: Math.round(facts.duration),
    status: facts.status,
    logicCheck: facts.logicOk,
    ...(facts.error !== null && { error: facts.error }),
    health: facts.health,
  }
}
