/** Targets as services register them: in the words of targets, or of those of older versions (`host`, `scheme`). */

type Json = Readonly<Record<string, unknown>>

/** A target as backends have them; null when the JSON names no host. */
export function registeredTarget(given: Json, template: Json): Json | null {
  const all = { ...template, ...given }
  const { host, scheme, ipAddress, ip_address, hostname, port, tls, ...more } = all
  const [name, number] = typeof hostname === 'string' ? [hostname, null] : hostOf(host)
  if (name === null || name === '' || name.includes('${')) return null
  const secure = typeof tls === 'boolean' ? tls : scheme === 'https'
  const own = typeof port === 'number' ? port : number
  return {
    ...more,
    hostname: name,
    port: own ?? (secure ? 443 : 80),
    tls: secure,
    ip_address:
      typeof ip_address === 'string' ? ip_address : typeof ipAddress === 'string' ? ipAddress : null,
  }
}

function hostOf(host: unknown): readonly [name: string | null, port: number | null] {
  if (typeof host !== 'string') return [null, null]
  const found = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(host.trim())
  if (found === null) return [null, null]
  return [found[1]!, found[2] === undefined ? null : Number(found[2])]
}
