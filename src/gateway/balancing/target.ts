/** A target compiled from its JSON: every fact the hot path needs is a field, every fault was found before. */
import { isIP } from 'node:net'
import type { Target } from '../../model/types/target.ts'
import type { SchemaFault } from '../../schema/index.ts'
import { compilePredicate, type InstanceLocation, type TargetPredicate } from './predicate.ts'

export type TargetProtocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0' | 'HTTP/3.0'

/** TLS towards the target. `null` on the target means the defaults of the gateway. */
export interface TargetTls {
  /** Client certificates: ids or subject names. */
  readonly certs: readonly string[]
  readonly trustedCerts: readonly string[]
  /** Host name not checked. */
  readonly loose: boolean
  readonly trustAll: boolean
}

export interface CompiledTarget {
  readonly id: string
  /** Position in the backend's list. */
  readonly index: number
  /** May hold expressions: see `dynamicHost`. IPv6 addresses without brackets. */
  readonly hostname: string
  readonly dynamicHost: boolean
  readonly port: number
  readonly tls: boolean
  readonly scheme: 'http' | 'https'
  /** `host[:port]` for the `Host` field; the port is left out when it is the scheme's own. */
  readonly authority: string
  /** Address to connect to in place of the name, or null. */
  readonly ipAddress: string | null
  readonly protocol: TargetProtocol
  /** Places in the balancing list; 0 takes the target out. */
  readonly weight: number
  readonly backup: boolean
  readonly predicate: TargetPredicate | null
  readonly tlsConfig: TargetTls | null
  /** `scheme://host:port[@ip]`: names the server in shared counters, whatever route calls it. */
  readonly key: string
  readonly json: Target
}

export type CompiledTargetResult =
  | { readonly ok: true; readonly value: CompiledTarget }
  | { readonly ok: false; readonly faults: SchemaFault[] }

/** Highest weight: the sum over all targets must stay an int32 for upstream's consistent hashing. */
const MOST_WEIGHT = 1_000_000

/** Compiles one target that has passed its schema. */
export function compileTarget(json: Target, index: number, here: InstanceLocation): CompiledTargetResult {
  const path = `targets.${index}`
  const faults: SchemaFault[] = []
  const hostname = bareHost(json.hostname)
  const dynamicHost = hostname.includes('${')
  if (!dynamicHost && !isHost(hostname))
    faults.push({ path: `${path}.hostname`, message: 'not a host name or address' })
  if (json.port === 0) faults.push({ path: `${path}.port`, message: 'expected a port from 1 to 65535' })
  if (json.weight > MOST_WEIGHT)
    faults.push({ path: `${path}.weight`, message: `expected at most ${MOST_WEIGHT}` })
  const ipAddress = json.ip_address === null || json.ip_address === '' ? null : bareHost(json.ip_address)
  if (ipAddress !== null && isIP(ipAddress) === 0)
    faults.push({ path: `${path}.ip_address`, message: 'not an IP address' })
  const predicate = compilePredicate(json.predicate, here, `${path}.predicate`)
  if (!predicate.ok) faults.push(predicate.fault)
  if (faults.length > 0 || !predicate.ok) return { ok: false, faults }
  const scheme = json.tls ? 'https' : 'http'
  const value: CompiledTarget = {
    id: json.id,
    index,
    hostname,
    dynamicHost,
    port: json.port,
    tls: json.tls,
    scheme,
    authority: authorityOf(hostname, json.port, json.tls),
    ipAddress,
    protocol: json.protocol,
    weight: json.weight,
    backup: json.backup,
    predicate: predicate.value,
    tlsConfig: json.tls_config.enabled ? tlsOf(json) : null,
    key: `${scheme}://${bracketed(dynamicHost ? hostname : hostname.toLowerCase())}:${json.port}${ipAddress === null ? '' : `@${ipAddress}`}`,
    json,
  }
  return { ok: true, value }
}

/** `host[:port]` as it stands in a URL or a `Host` field (RFC 9110, 4.2.3: the scheme's own port is left out). */
export function authorityOf(hostname: string, port: number, tls: boolean): string {
  const host = bracketed(hostname)
  return port === (tls ? 443 : 80) ? host : `${host}:${port}`
}

function tlsOf(json: Target): TargetTls {
  const tls = json.tls_config
  return { certs: tls.certs, trustedCerts: tls.trusted_certs, loose: tls.loose, trustAll: tls.trust_all }
}

function bareHost(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

/** Nothing that could end a host and begin something else: no spaces, controls, `/`, `?`, `#`, `@`, `:`. */
function isHost(host: string): boolean {
  return isIP(host) !== 0 || (host.length <= 255 && /^[\p{L}\p{N}_.-]+$/u.test(host))
}
