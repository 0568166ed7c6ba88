/** Map tiles of 256 pixels in the usual scheme: Web Mercator, `z/x/y` from the north-west. */
import { BOUNDS, heightAt } from './island.ts'
import { png } from './png.ts'
import { TOWNS } from './places.ts'

export interface TileAddress {
  readonly z: number
  readonly x: number
  readonly y: number
}

const SIZE = 256
export const MAX_ZOOM = 12
const TINTS = 16
const SHADES = 16

/** From deep sea to snow: metres at which a tint ends, and its red, green, blue. */
const LEGEND: readonly (readonly [number, number, number, number])[] = [
  [-600, 121, 171, 214],
  [-300, 137, 185, 222],
  [-120, 154, 199, 230],
  [-40, 173, 212, 237],
  [0, 194, 226, 243],
  [25, 190, 214, 170],
  [80, 168, 203, 150],
  [180, 184, 212, 154],
  [300, 205, 221, 165],
  [450, 224, 228, 178],
  [600, 235, 221, 170],
  [750, 226, 203, 150],
  [900, 211, 182, 132],
  [1_050, 193, 161, 120],
  [1_250, 214, 200, 186],
  [Number.POSITIVE_INFINITY, 245, 243, 240],
]

const PALETTE = new Uint8Array(TINTS * SHADES * 3)
for (const [tint, [, ...colour]] of LEGEND.entries())
  for (let shade = 0; shade < SHADES; shade++)
    for (const [channel, value] of colour.entries())
      PALETTE[(tint * SHADES + shade) * 3 + channel] = Math.min(255, value * (0.62 + shade * 0.042))

/** The address that a path ends with, or null where the world has no such tile. */
export function tileAddress(z: string, x: string, y: string): TileAddress | null {
  const address = { z: Number(z), x: Number(x), y: Number(y) }
  const across = 2 ** address.z
  return address.z <= MAX_ZOOM && address.x < across && address.y < across ? address : null
}

/** The relief: tints by height, lit from the north-west. */
export function reliefTile({ z, x, y }: TileAddress): Buffer {
  const pixels = new Uint8Array(SIZE * SIZE)
  // One row and one column more than are drawn, for the slopes at the edge.
  const across = SIZE + 1
  const heights = new Float64Array(across * across)
  for (let row = 0; row < across; row++)
    for (let column = 0; column < across; column++)
      heights[row * across + column] = height(x + column / SIZE, y + row / SIZE, z)
  const strength = 0.012 * 1.55 ** (z - 6)
  for (let row = 0; row < SIZE; row++)
    for (let column = 0; column < SIZE; column++) {
      const at = row * across + column
      const here = heights[at]!
      const fall = here - heights[at + 1]! + (here - heights[at + across]!)
      const shade = here < 0 ? 8 : Math.round(8 - fall * -strength * 2.2)
      pixels[row * SIZE + column] = tintOf(here) * SHADES + Math.max(0, Math.min(SHADES - 1, shade))
    }
  return png(SIZE, SIZE, pixels, PALETTE)
}

/** The towns of a tile, as GeoJSON (RFC 7946): the small ones from further in only. */
export function townsTile(address: TileAddress): object {
  const [west, north] = corner(address)
  const [east, south] = corner({ ...address, x: address.x + 1, y: address.y + 1 })
  const least = address.z < 8 ? 10_000 : address.z < 9 ? 3_000 : 0
  const inside = TOWNS.filter(
    ({ lon, lat, population }) =>
      lon >= west && lon < east && lat > south && lat <= north && population >= least,
  )
  return {
    type: 'FeatureCollection',
    features: inside.map(({ id, name, population, lon, lat }) => ({
      type: 'Feature',
      id,
      geometry: { type: 'Point', coordinates: [lon, lat] },
      properties: { name, population },
    })),
  }
}

/** Longitude and latitude of the north-west corner. */
function corner({ z, x, y }: TileAddress): [number, number] {
  const across = 2 ** z
  return [(x / across) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / across))) * 180) / Math.PI]
}

function height(x: number, y: number, z: number): number {
  const [lon, lat] = corner({ z, x, y })
  const [west, south, east, north] = BOUNDS
  return lon < west || lon > east || lat < south || lat > north ? -1_200 : heightAt(lon, lat)
}

function tintOf(metres: number): number {
  return LEGEND.findIndex(([end]) => metres < end)
}
