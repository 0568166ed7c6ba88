/** W3C Baggage: values that travel with a trace. */
import type { Exchange, PluginServices, Template } from '../../plugin/index.ts'

const TOKEN = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/
/** Limits of the standard. */
const MOST_MEMBERS = 180
const MOST_BYTES = 8192

/** Makes the `baggage` of a call from what the client sent; null when nothing is to be added. */
export type BaggageWriter = (exchange: Exchange, received: readonly string[]) => string

/** Compiles configured members. They replace received ones of the same key. Throws on a key that is no token. */
export function baggageWriter(
  given: Readonly<Record<string, string>>,
  services: PluginServices,
): BaggageWriter | null {
  const own: (readonly [string, Template])[] = []
  for (const [key, value] of Object.entries(given)) {
    if (!TOKEN.test(key.trim())) throw new Error(`the key of baggage must be a token: ${JSON.stringify(key)}`)
    own.push([key.trim(), services.template(value)])
  }
  if (own.length === 0) return null
  const keys = new Set(own.map(([key]) => key))
  return (exchange, received) => {
    const members = own.map(([key, value]) => `${key}=${octets(value(exchange))}`)
    for (const member of received.flatMap(value => value.split(','))) {
      const clean = member.trim()
      const equals = clean.indexOf('=')
      const key = clean.slice(0, Math.max(equals, 0)).trim()
      if (TOKEN.test(key) && !keys.has(key) && /^[!-~\t ]*$/.test(clean)) members.push(clean)
    }
    return withinLimits(members)
  }
}

/** As many members, in order, as the limits allow. */
function withinLimits(members: readonly string[]): string {
  const kept: string[] = []
  let size = 0
  for (const member of members) {
    const more = member.length + (kept.length === 0 ? 0 : 1)
    if (kept.length === MOST_MEMBERS) break
    if (size + more > MOST_BYTES) continue
    kept.push(member)
    size += more
  }
  return kept.join(',')
}

/** Everything but `baggage-octet` becomes an escape, `%` too: it is the escape sign. */
function octets(text: string): string {
  return text.replace(/[^!#$&-+\x2d-:<-[\]-~]/gu, char => {
    let escaped = ''
    for (const byte of Buffer.from(char)) escaped += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    return escaped
  })
}
