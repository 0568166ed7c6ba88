import { schema as v } from '../../schema/index.ts'
import { count, field, flag, hostname, optionalText, port, required, text } from './fields.ts'
import { isObject, mapField } from './shape.ts'
import { normalizeTls, tlsConfigSchema } from './tls.ts'

export const protocols = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/3.0'] as const

/** When a target may be chosen. */
export const predicateSchema = v.looseObject({
  type: field(
    text,
    'AlwaysMatch',
    'AlwaysMatch, NetworkLocationMatch {provider, region, zone, dc, rack} or GeolocationMatch {positions}',
  ),
})

/** One server of a backend. */
export const targetSchema = v.looseObject({
  id: required(text, 'Identifier, unique within the backend'),
  hostname: required(hostname, 'Host name or address; expressions are accepted'),
  port: required(port, 'TCP port'),
  tls: field(flag, false, 'Call with TLS'),
  weight: field(count, 1, 'Share in load balancing'),
  backup: field(flag, false, 'Used only when the others are down'),
  predicate: field(predicateSchema, () => ({}), 'When the target may be chosen'),
  protocol: field(v.picklist(protocols), 'HTTP/1.1', 'Protocol spoken to the target'),
  ip_address: optionalText('Connect to this address and keep the host name'),
  tls_config: field(tlsConfigSchema, () => ({}), 'Client certificates and trust'),
})
export type Target = v.InferOutput<typeof targetSchema>

/** Fills the id from the address, accepts a URL and unknown protocols (read as HTTP/1.1). */
export function normalizeTarget(input: unknown): unknown {
  if (typeof input === 'string') return targetOfUrl(input)?.target ?? input
  if (!isObject(input)) return input
  let target = mapField(input, 'tls_config', normalizeTls)
  target = mapField(target, 'protocol', protocolOf)
  if (typeof target['id'] === 'string' && target['id'] !== '') return target
  const address = typeof target['ip_address'] === 'string' ? `@${target['ip_address']}` : ''
  const scheme = target['tls'] === true ? 'https' : 'http'
  const { id: _, ...rest } = target
  return { id: `${scheme}://${target['hostname']}${address}:${target['port']}`, ...rest }
}

/** A protocol in its usual spelling; unknown ones are read as HTTP/1.1. */
export function protocolOf(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const upper = value.toUpperCase()
  const known = protocols.find(protocol => protocol === upper)
  return known ?? 'HTTP/1.1'
}

/** The target and path a URL stands for, or null when it is not an http(s) URL. */
export function targetOfUrl(url: string): { target: Record<string, unknown>; root: string } | null {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return null
  const tls = parsed.protocol === 'https:'
  const hostname = parsed.hostname
  const number = parsed.port === '' ? (tls ? 443 : 80) : Number(parsed.port)
  const id = `${tls ? 'https' : 'http'}://${hostname}:${number}`
  return { target: { id, hostname, port: number, tls }, root: parsed.pathname }
}
