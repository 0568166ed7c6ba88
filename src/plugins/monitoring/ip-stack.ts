/** Asks ipstack.com where addresses are: once for each address and day, and not those that are nowhere. */
import ipaddr from 'ipaddr.js'
import type { PluginServices } from '../../plugin/index.ts'
import { BriefMemory } from '../brief-memory.ts'
import { seldomLog } from '../seldom-log.ts'
import { type GeoPlace, placeOfAnswer } from './geo-place.ts'

const DAY = 86_400_000
/** Milliseconds until an address is asked for again that nothing was told of: a server that is gone must not slow each request. */
const PAUSE = 60_000
/** Calls under way at a time. */
const MOST_OPEN = 50

export interface IpStackSettings {
  readonly apikey: string
  /** Milliseconds. */
  readonly timeout: number
  readonly url: string
}

/** Finds the place of an address, or null. Never rejects. */
export function ipStack(
  settings: IpStackSettings,
  services: PluginServices,
): (ip: string) => Promise<GeoPlace | null> {
  const known = new BriefMemory<GeoPlace | null>()
  const complain = seldomLog(services)
  const base = settings.url.replace(/\/+$/, '')
  let open = 0
  const ask = async (ip: string): Promise<GeoPlace | null> => {
    if (open >= MOST_OPEN) return null
    open++
    try {
      const { status, body } = await services.calls.send({
        method: 'GET',
        url: `${base}/${encodeURIComponent(ip)}?access_key=${encodeURIComponent(settings.apikey)}&format=1`,
        headers: [['Accept', 'application/json']],
        timeout: settings.timeout,
        maxBody: 65_536,
      })
      const place = status === 200 ? placeOfAnswer(ip, JSON.parse(body.toString())) : null
      if (place === null) complain(`the place of a client is not known: its server answered ${status}`)
      return place
    } catch (error) {
      complain(`the place of a client is not known: ${(error as Error).message}`)
      return null
    } finally {
      open--
    }
  }
  return async ip => {
    if (!ipaddr.isValid(ip) || ipaddr.process(ip).range() !== 'unicast') return null
    return known.get(
      [ip],
      Date.now(),
      () => ask(ip),
      place => (place === null ? PAUSE : DAY),
    )
  }
}
