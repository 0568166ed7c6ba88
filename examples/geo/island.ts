/** The island of Sarke, which is on no other map: how high it is, anywhere. */

/** West, south, east, north, in degrees. Beyond there is sea. */
export const BOUNDS = [-22.5, 43.2, -17.5, 46.8] as const

/** Degrees, WGS 84. */
export interface Point {
  readonly lon: number
  readonly lat: number
}

/** Metres above the sea, below zero in it. */
export function heightAt(lon: number, lat: number): number {
  const x = (lon + 20) / 1.25
  const y = (lat - 45) / 0.8
  const shore = 1 - x * x - y * y
  const ridge = Math.exp(-((x * 0.8 + y * 0.6) ** 2) * 14) * (1 - Math.abs(x - y) * 0.7)
  const height = shore * 620 + Math.max(0, ridge) * 900 + (roughness(lon, lat) - 0.5) * 1_500 - 150
  return Math.max(height, -1_200)
}

/** How steep the ground is: metres of height per metre of way. */
export function slopeAt(lon: number, lat: number): number {
  const step = 0.002
  const metres = 111_320 * step
  const east = (heightAt(lon + step, lat) - heightAt(lon, lat)) / (metres * Math.cos((lat * Math.PI) / 180))
  const north = (heightAt(lon, lat + step) - heightAt(lon, lat)) / metres
  return Math.hypot(east, north)
}

/** Noise from 0 to 1 that is rough at every scale. */
function roughness(lon: number, lat: number): number {
  let sum = 0
  let weight = 0.5
  let scale = 2.2
  for (let octave = 0; octave < 7; octave++) {
    sum += noise(lon * scale + octave * 17, lat * scale * 1.4) * weight
    weight /= 2
    scale *= 2.03
  }
  return sum
}

/** Random values at whole numbers, smooth between them. */
function noise(x: number, y: number): number {
  const [column, row] = [Math.floor(x), Math.floor(y)]
  const [u, v] = [smooth(x - column), smooth(y - row)]
  const south = mix(lattice(column, row), lattice(column + 1, row), u)
  const north = mix(lattice(column, row + 1), lattice(column + 1, row + 1), u)
  return mix(south, north, v)
}

function lattice(column: number, row: number): number {
  let bits = Math.imul(column, 374_761_393) + Math.imul(row, 668_265_263)
  bits = Math.imul(bits ^ (bits >>> 13), 1_274_126_177)
  return ((bits ^ (bits >>> 16)) >>> 0) / 4_294_967_296
}

function smooth(share: number): number {
  return share * share * (3 - 2 * share)
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share
}
