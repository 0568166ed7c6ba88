/** A request as the balancer asks it. */
import type { ChoiceContext, GeoPosition } from '../balancing/index.ts'
import type { GatewayRequest } from './client-request.ts'

export class RequestChoice implements ChoiceContext {
  readonly position: GeoPosition | null = null
  probe = false
  readonly trackingId: () => string
  readonly #request: GatewayRequest

  constructor(request: GatewayRequest, trackingId: () => string) {
    this.#request = request
    this.trackingId = trackingId
  }

  get now(): number {
    return Date.now()
  }

  get ip(): string {
    return this.#request.ip
  }

  cookie(name: string): string | undefined {
    return this.#request.cookies.get(name)
  }

  query(name: string): string | undefined {
    return this.#request.query.get(name) ?? undefined
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name)
  }
}
