/** A request as the balancer asks it. */
import type { Attributes } from '../../plugin/attributes.ts'
import { geolocationAttribute } from '../../plugin/known-attributes.ts'
import type { ChoiceContext, GeoPosition } from '../balancing/index.ts'
import type { GatewayRequest } from './client-request.ts'

export class RequestChoice implements ChoiceContext {
  probe = false
  readonly trackingId: () => string
  readonly #request: GatewayRequest
  readonly #attributes: Attributes

  constructor(request: GatewayRequest, attributes: Attributes, trackingId: () => string) {
    this.#request = request
    this.#attributes = attributes
    this.trackingId = trackingId
  }

  get position(): GeoPosition | null {
    const place = this.#attributes.get(geolocationAttribute)
    const { latitude, longitude } = place ?? {}
    return typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : null
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
