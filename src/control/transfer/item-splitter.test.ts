import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ItemSplitter, NotAnExport, type Part } from './item-splitter.ts'

function split(text: string | Buffer, chunkSize = 1 << 20, maxPart = 1 << 20): Part[] {
  const parts: Part[] = []
  const splitter = new ItemSplitter(part => parts.push(part), { maxPart, maxDepth: 20 })
  const bytes = Buffer.from(text)
  for (let i = 0; i < bytes.length; i += chunkSize) splitter.push(bytes.subarray(i, i + chunkSize))
  splitter.end()
  return parts
}

/** What the parts must be, from the value as a whole. */
function expected(value: Record<string, unknown>): Part[] {
  return Object.entries(value).flatMap(([section, content]): Part[] => {
    if (Array.isArray(content)) return content.map((item, place) => ({ section, place, value: item }))
    if (section === 'extensions' && typeof content === 'object' && content !== null)
      return Object.entries(content).map(([place, inner]) => ({ section, place, value: inner }))
    return [{ section, place: null, value: content }]
  })
}

// Section names that every object keeps in their order, and texts full of what JSON is made of. No name has a quote or a
// backslash: V8's JSON.parse takes a name with an escaped one for a shorter name it has just seen in the same place.
const name = fc.constantFrom('routes', 'config', 'extensions', "a'b", 'a:b', 'é,', '{', '[]', '}c')
const text = fc.string({
  unit: fc.constantFrom('"', '\\', ',', ':', '[', ']', '{', '}', 'é', '😀', '\n', 'a'),
})
const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null))
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(name, fc.constantFrom('x', 'y')), tie('value'), { maxKeys: 4 }),
  ),
}))

describe('an export taken apart', () => {
  it('gives the parts of the whole, however it is cut and indented', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { noNullPrototype: true }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 2),
        (whole, chunkSize, indent) => {
          const text = JSON.stringify(whole, null, indent)
          assert.deepEqual(split(text, chunkSize), expected(JSON.parse(text)))
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('takes what JSON takes and refuses what it refuses', () => {
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { noNullPrototype: true }),
        fc.nat(),
        fc.constantFrom('', ',', '"', '{', '}', '[', ']', ':', 'x', ' ', '\\'),
        fc.boolean(),
        (whole, place, spoil, replace) => {
          const text = JSON.stringify(whole)
          const at = place % (text.length + 1)
          // Half a character has no UTF-8.
          const spoiled = (text.slice(0, at) + spoil + text.slice(replace ? at + 1 : at)).toWellFormed()
          let json: unknown
          try {
            json = JSON.parse(spoiled)
          } catch {
            assert.throws(() => split(spoiled), NotAnExport, spoiled)
            return
          }
          // A spoiled name may be there twice.
          try {
            assert.deepEqual(split(spoiled), expected(json as Record<string, unknown>))
          } catch (error) {
            if (!(error instanceof NotAnExport) || !/twice/.test(error.message)) throw error
          }
        },
      ),
      { numRuns: 4000 },
    )
  })

  it('refuses what is too deep, too long, no object, no UTF-8 or twice there, and quotes nothing', () => {
    const refused = (text: string | Buffer, message: RegExp) =>
      assert.throws(
        () => split(text, 7, 100),
        error => error instanceof NotAnExport && message.test(error.message),
        message.source,
      )
    refused(`{"a":${'['.repeat(30)}${']'.repeat(30)}}`, /too deeply/)
    refused(`{"routes":["${'x'.repeat(200)}"]}`, /longer than 100 bytes/)
    refused('[]', /no JSON object/)
    refused(' ', /^it is empty$/)
    refused('{"a":1', /^it ends too early, in a$/)
    refused('{"a":[1,', /^it ends too early, in a\.1$/)
    refused('{"a":[1]', /^it ends too early$/)
    refused('{} {}', /follows its end/)
    refused('{"a":[1],"a":[2]}', /twice/)
    refused(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/)
    refused('{"a":[{"secret": oops}]}', /^a\.0 is not JSON$/)
  })

  it('takes a byte order mark and empty sections', () => {
    assert.deepEqual(split('\ufeff {"a": [ ], "extensions": { } }\n'), [])
  })
})
