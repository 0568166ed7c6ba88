/** Towns, streets and house numbers of Sarke. */
import type { Point } from './island.ts'

export interface Town extends Point {
  readonly id: string
  readonly name: string
  readonly population: number
}

export interface Street {
  readonly town: Town
  readonly name: string
  /** House numbers go from 1 to this. */
  readonly houses: number
  /** Where house 1 is, and the way from a house to the next one, in degrees. */
  readonly start: Point
  readonly step: Point
}

const town = (name: string, population: number, lon: number, lat: number): Town => ({
  id: name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z]+/g, ''),
  name,
  population,
  lon,
  lat,
})

export const TOWNS: readonly Town[] = [
  town('Northport', 48_200, -20.202, 45.674),
  town('Havre Gris', 31_900, -20.998, 45.51),
  town('Lanterne', 8_700, -19.638, 45.534),
  town('Estuary', 22_400, -19.202, 45.1),
  town('Morrow', 12_300, -18.956, 44.856),
  town('Sable Bay', 5_100, -19.303, 44.499),
  town('Southmost', 1_900, -19.98, 44.23),
  town('Port Émile', 27_600, -20.226, 44.438),
  town('Kelder', 3_400, -21.002, 44.414),
  town('Westering', 14_800, -21.056, 44.896),
  town('Quiet Bay', 2_600, -20.852, 45.1),
  town('Outer Isle', 640, -21.302, 45.25),
  town('Millbrook', 9_900, -20.418, 44.704),
  town('Highmoor', 4_200, -19.502, 44.95),
  town('Stonegate', 1_100, -19.854, 45.226),
  town('Larkfield', 2_300, -19.994, 45.504),
]

const STREET_NAMES = [
  'Harbour Street',
  'Mill Lane',
  'Lighthouse Road',
  'Market Square',
  'Chapel Hill',
  'Orchard Way',
  'Station Road',
  'Fishergate',
]

export const STREETS: readonly Street[] = TOWNS.flatMap((town, nth) =>
  STREET_NAMES.map((name, i) => {
    const angle = (i / STREET_NAMES.length) * 2 * Math.PI + nth
    const [lon, lat] = [Math.cos(angle), Math.sin(angle)]
    return {
      town,
      name,
      houses: 12 + ((nth * 7 + i * 5) % 40),
      start: { lon: town.lon + lon * 0.0008, lat: town.lat + lat * 0.0006 },
      step: { lon: lon * 0.00012, lat: lat * 0.00009 },
    }
  }),
)

/** Null where the street has no such house. */
export function houseAt({ houses, start, step }: Street, number: number): Point | null {
  if (number < 1 || number > houses) return null
  return {
    lon: rounded(start.lon + step.lon * (number - 1)),
    lat: rounded(start.lat + step.lat * (number - 1)),
  }
}

function rounded(degrees: number): number {
  return Number(degrees.toFixed(6))
}
