/** Where a client is, as events, expressions and other plugins know it. */

/** Names of the place are English. What is not known is null. */
export interface GeoPlace {
  readonly provider: 'maxmind' | 'ipstack'
  readonly ip: string
  readonly continent: string | null
  readonly continent_code: string | null
  readonly country: string | null
  readonly country_code: string | null
  readonly region: string | null
  readonly region_code: string | null
  readonly city: string | null
  readonly postal_code: string | null
  readonly latitude: number | null
  readonly longitude: number | null
  readonly time_zone: string | null
}

type Json = Readonly<Record<string, unknown>>

/** From a record of MaxMind's City or Country databases. */
export function placeOfRecord(ip: string, record: unknown): GeoPlace {
  const at = (...names: readonly string[]): unknown =>
    names.reduce<unknown>((value, name) => fieldOf(value, name), record)
  const english = (part: string): string | null => text(at(part, 'names', 'en'))
  const region = fieldOf(at('subdivisions'), '0')
  return {
    provider: 'maxmind',
    ip,
    continent: english('continent'),
    continent_code: text(at('continent', 'code')),
    country: english('country'),
    country_code: text(at('country', 'iso_code')),
    region: text(fieldOf(fieldOf(region, 'names'), 'en')),
    region_code: text(fieldOf(region, 'iso_code')),
    city: english('city'),
    postal_code: text(at('postal', 'code')),
    latitude: number(at('location', 'latitude')),
    longitude: number(at('location', 'longitude')),
    time_zone: text(at('location', 'time_zone')),
  }
}

/** From an answer of ipstack.com; null when it tells of nothing. */
export function placeOfAnswer(ip: string, answer: unknown): GeoPlace | null {
  const field = (name: string): unknown => fieldOf(answer, name)
  if (text(field('country_code')) === null && number(field('latitude')) === null) return null
  return {
    provider: 'ipstack',
    ip,
    continent: text(field('continent_name')),
    continent_code: text(field('continent_code')),
    country: text(field('country_name')),
    country_code: text(field('country_code')),
    region: text(field('region_name')),
    region_code: text(field('region_code')),
    city: text(field('city')),
    postal_code: text(field('zip')),
    latitude: number(field('latitude')),
    longitude: number(field('longitude')),
    time_zone: text(fieldOf(field('time_zone'), 'id')),
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Json)[name] : undefined
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)
