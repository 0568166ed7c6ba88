/** Keeps the place of a client where events, expressions and other plugins find it. */
import { type Exchange, geolocationAttribute, type PluginServices } from '../../plugin/index.ts'
import type { GeoPlace } from './geo-place.ts'

/** Puts the place down unless another plugin has found one. */
export function keepPlace(
  exchange: Exchange,
  place: GeoPlace | null,
  log: boolean,
  services: Pick<PluginServices, 'log'>,
): void {
  if (place === null || exchange.attributes.get(geolocationAttribute) !== undefined) return
  exchange.attributes.set(geolocationAttribute, { ...place })
  if (log) services.log('info', `the client is at ${JSON.stringify(place)}`)
}
