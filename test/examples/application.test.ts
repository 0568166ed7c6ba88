/** The application of examples/ by itself: the island, its towns, search and tiles. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { heightAt } from '../../examples/geo/island.ts'
import { houseAt, STREETS, TOWNS } from '../../examples/geo/places.ts'
import { png } from '../../examples/geo/png.ts'
import { risksAt } from '../../examples/geo/risks.ts'
import { search } from '../../examples/geo/search.ts'
import { MAX_ZOOM, reliefTile, tileAddress, townsTile } from '../../examples/geo/tiles.ts'

interface Feature {
  readonly id?: string
  readonly geometry: { readonly coordinates: readonly [number, number] }
  readonly properties: { readonly label?: string; readonly kind?: string; readonly score?: number }
}
const features = (collection: object): readonly Feature[] => (collection as { features: Feature[] }).features
const labels = (query: string, limit = 5) =>
  features(search(query, limit)).map(({ properties }) => properties.label)

describe('the island', () => {
  it('has every house on land and is surrounded by water', () => {
    for (const street of STREETS)
      for (const number of [1, street.houses]) {
        const { lon, lat } = houseAt(street, number)!
        assert.ok(heightAt(lon, lat) > 0, `${number} ${street.name}, ${street.town.name}`)
      }
    for (let share = 0; share <= 1; share += 0.02)
      for (const [lon, lat] of [
        [-22.5 + 5 * share, 43.2],
        [-22.5 + 5 * share, 46.8],
        [-22.5, 43.2 + 3.6 * share],
        [-17.5, 43.2 + 3.6 * share],
      ] as const)
        assert.ok(heightAt(lon, lat) < -600, `${lon} ${lat}`)
  })

  it('tells risks on land only', () => {
    const level = (risk: string, id: string) => {
      const town = TOWNS.find(one => one.id === id)!
      return risksAt(town)!.risks.find(one => one.risk === risk)!.level
    }
    assert.equal(risksAt({ lon: 0, lat: 0 }), null)
    assert.deepEqual([level('flood', 'sablebay'), level('flood', 'stonegate')], ['moderate', 'none'])
    assert.deepEqual([level('snow', 'stonegate'), level('snow', 'northport')], ['moderate', 'none'])
  })
})

describe('search', () => {
  it('finds towns, streets and houses by the beginnings of words, without accents and case', () => {
    assert.deepEqual(labels('PORT EMILE', 1), ['Port Émile'])
    assert.deepEqual(labels('mil lan, port é', 1), ['Mill Lane, Port Émile'])
    assert.deepEqual(labels('3 lighthouse road lanterne', 1), ['3 Lighthouse Road, Lanterne'])
    assert.deepEqual(labels('999 lighthouse road lanterne', 1), ['Lighthouse Road, Lanterne'])
    assert.deepEqual(labels('atlantis'), [])
    for (const query of ['', '12', '  ,;', '\u0301']) assert.deepEqual(labels(query), [], query)
  })

  it('takes no longer for a text made to be slow', () => {
    const start = performance.now()
    labels('a '.repeat(100_000), 50)
    assert.ok(performance.now() - start < 2_000)
  })
})

describe('tiles', () => {
  it('are images that can be read', () => {
    const image = reliefTile(tileAddress('8', '113', '92')!)
    assert.equal(image.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
    const at = image.indexOf('IDAT')
    const pixels = inflateSync(image.subarray(at + 4, at + 4 + image.readUInt32BE(at - 4)))
    assert.equal(pixels.length, 257 * 256)
    const sea = pixels.filter((_, i) => i % 257 !== 0).filter(value => value >> 4 < 5).length
    assert.ok(sea > 5_000 && sea < 60_000, `${sea} pixels of water`)
    assert.throws(() => png(2, 2, new Uint8Array(3), new Uint8Array(768)), RangeError)
  })

  it('end where the world does', () => {
    assert.deepEqual(tileAddress('1', '1', '1'), { z: 1, x: 1, y: 1 })
    for (const [z, x, y] of [
      ['1', '2', '0'],
      ['1', '0', '2'],
      [String(MAX_ZOOM + 1), '0', '0'],
      ['999999999999', '0', '0'],
    ] as const)
      assert.equal(tileAddress(z, x, y), null)
  })

  it('have every town once', () => {
    for (const z of [9, 10, 12]) {
      const across = 2 ** z
      const found: string[] = []
      for (let x = Math.floor(across * 0.437); x <= across * 0.452; x++)
        for (let y = Math.floor(across * 0.354); y <= across * 0.366; y++)
          found.push(...features(townsTile({ z, x, y })).map(({ id }) => id!))
      assert.deepEqual(found.sort(), TOWNS.map(({ id }) => id).sort())
    }
  })
})
