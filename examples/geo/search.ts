/** Search for addresses: `12 mill lane, port emile`, or the beginnings of such words. */
import type { Point } from './island.ts'
import { houseAt, STREETS, TOWNS } from './places.ts'

interface Known {
  readonly kind: 'town' | 'street' | 'house'
  readonly label: string
  readonly words: readonly string[]
  readonly at: Point
}

const LONGEST_QUERY = 200

const known: readonly Known[] = [
  ...TOWNS.map(town => ({ kind: 'town' as const, label: town.name, words: wordsOf(town.name), at: town })),
  ...STREETS.map(({ name, town, start }) => ({
    kind: 'street' as const,
    label: `${name}, ${town.name}`,
    words: wordsOf(`${name} ${town.name}`),
    at: start,
  })),
]

/** The best `limit` places for a query, as GeoJSON. Accents and case do not count; every word must be found. */
export function search(query: string, limit: number): object {
  const words = wordsOf(query.slice(0, LONGEST_QUERY))
  const number = words.find(word => /^\d{1,4}$/.test(word))
  const names = words.filter(word => word !== number)
  const found = names.length === 0 ? [] : known.flatMap(place => scored(place, names))
  found.sort((a, b) => b.score - a.score || a.place.label.localeCompare(b.place.label, 'en'))
  return {
    type: 'FeatureCollection',
    features: found.slice(0, limit).map(({ place, score }) => feature(placed(place, number), score)),
  }
}

function scored(place: Known, words: readonly string[]): { place: Known; score: number }[] {
  let letters = 0
  for (const word of words) {
    const match = place.words.find(name => name.startsWith(word))
    if (match === undefined) return []
    letters += word.length / match.length
  }
  return [{ place, score: Number((letters / place.words.length).toFixed(3)) }]
}

/** The house of a street, where the query names one that is there. */
function placed(place: Known, number: string | undefined): Known {
  const street = STREETS.find(({ name, town }) => place.label === `${name}, ${town.name}`)
  const at = street === undefined || number === undefined ? null : houseAt(street, Number(number))
  return at === null ? place : { ...place, kind: 'house', label: `${Number(number)} ${place.label}`, at }
}

function feature({ kind, label, at }: Known, score: number): object {
  return {
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [Number(at.lon.toFixed(6)), Number(at.lat.toFixed(6))] },
    properties: { label, kind, score },
  }
}

function wordsOf(text: string): readonly string[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.match(/[a-z0-9]+/g) ?? []
}
