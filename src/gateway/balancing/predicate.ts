/** Predicates of targets, compiled: when a target may be chosen. `null` stands for always. */
import type { SchemaFault } from '../../schema/index.ts'
import { compileWildcard } from './wildcard.ts'

/** Where this instance runs; an empty text is unknown. Settings `otoroshi.cluster.relay.location.*`. */
export interface InstanceLocation {
  readonly provider: string
  readonly region: string
  readonly zone: string
  readonly dc: string
  readonly rack: string
}

export const unknownLocation: InstanceLocation = { provider: '', region: '', zone: '', dc: '', rack: '' }

/** Where the client is, in degrees. */
export interface GeoPosition {
  readonly latitude: number
  readonly longitude: number
}

/** True: the target may be chosen. `null` when nobody located the client. */
export type TargetPredicate = (client: GeoPosition | null) => boolean

export type CompiledPredicate =
  | { readonly ok: true; readonly value: TargetPredicate | null }
  | { readonly ok: false; readonly fault: SchemaFault }

const EARTH_RADIUS_KM = 6371
const RADIANS = Math.PI / 180
const MOST_POSITIONS = 1000
const LOCATION_FIELDS = ['provider', 'region', 'zone', 'dc', 'rack'] as const

/** Compiles the `predicate` of a target. An unknown type is a fault: a condition nobody understands is never met. */
export function compilePredicate(
  json: Readonly<Record<string, unknown>>,
  here: InstanceLocation,
  path: string,
): CompiledPredicate {
  const type = json['type'] ?? 'AlwaysMatch'
  if (type === 'AlwaysMatch') return { ok: true, value: null }
  if (type === 'NetworkLocationMatch') return networkLocation(json, here, path)
  if (type === 'GeolocationMatch') return geolocation(json['positions'], path)
  return fault(`${path}.type`, `unknown predicate ${JSON.stringify(type)}`)
}

/** The place of the instance never changes, so the answer is known now. An absent field matches any place. */
function networkLocation(
  json: Readonly<Record<string, unknown>>,
  here: InstanceLocation,
  path: string,
): CompiledPredicate {
  let matches = true
  for (const field of LOCATION_FIELDS) {
    const wanted = json[field]
    if (wanted === undefined || wanted === null) continue
    if (typeof wanted !== 'string') return fault(`${path}.${field}`, 'expected a text')
    matches &&= compileWildcard(wanted.toLowerCase())(here[field].toLowerCase())
  }
  return { ok: true, value: matches ? null : () => false }
}

function geolocation(positions: unknown, path: string): CompiledPredicate {
  if (!Array.isArray(positions)) return fault(`${path}.positions`, 'expected a list of positions')
  if (positions.length > MOST_POSITIONS)
    return fault(`${path}.positions`, `more than ${MOST_POSITIONS} positions`)
  const circles: Circle[] = []
  for (let i = 0; i < positions.length; i++) {
    const circle = readCircle(positions[i])
    if (circle === null)
      return fault(`${path}.positions.${i}`, 'expected "latitude;longitude;radius" in degrees and kilometres')
    circles.push(circle)
  }
  const value = (client: GeoPosition | null) =>
    client === null || circles.some(circle => distance(client, circle) <= circle.radius)
  return { ok: true, value }
}

interface Circle extends GeoPosition {
  /** Kilometres. */
  readonly radius: number
}

/** Both separators are read: upstream parses `;` and writes `:`. */
function readCircle(text: unknown): Circle | null {
  if (typeof text !== 'string') return null
  const numbers = text.split(/[;:]/).map(part => (part.trim() === '' ? Number.NaN : Number(part)))
  const [latitude, longitude, radius] = numbers
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) return null
  if (Math.abs(latitude!) > 90 || Math.abs(longitude!) > 180 || radius! < 0) return null
  return { latitude: latitude!, longitude: longitude!, radius: radius! }
}

/** Great-circle distance in kilometres (haversine: exact for near points too). */
export function distance(a: GeoPosition, b: GeoPosition): number {
  const latitudes = Math.sin(((b.latitude - a.latitude) * RADIANS) / 2)
  const longitudes = Math.sin(((b.longitude - a.longitude) * RADIANS) / 2)
  const h =
    latitudes * latitudes +
    Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * longitudes * longitudes
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)))
}

function fault(path: string, message: string): CompiledPredicate {
  return { ok: false, fault: { path, message } }
}
