/** Vary, conditions, ranges, tags, and what may be kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partWanted, unchanged, validators } from './conditions.ts'
import { type Field, fieldsOf } from './fields.ts'
import { lifeOf } from './freshness.ts'
import { readContentRange, readRange } from './ranges.ts'
import { keptFields, mayStore } from './storable.ts'
import { confirmed } from './stored-head.ts'
import { tagsOf } from './tags.ts'
import { selectedBy, selects } from './vary.ts'

const NOW = Date.UTC(2026, 6, 1)
const date = new Date(NOW - 1000).toUTCString()
const of = (...fields: Field[]) => fieldsOf(fields)

test('Vary: lines, spaces and order that mean nothing do not count', () => {
  const fits = (vary: string, one: Field[], other: Field[]): boolean =>
    selects(selectedBy(of(['Vary', vary]), fieldsOf(one))!, fieldsOf(other))
  assert.equal(fits('Foo', [['Foo', '1,2']], [['foo', ' 1, 2 ']]), true)
  assert.equal(
    fits(
      'Foo',
      [['Foo', '1, 2']],
      [
        ['Foo', '1'],
        ['Foo', '2'],
      ],
    ),
    true,
  )
  assert.equal(fits('Foo', [['Foo', '1']], [['Foo', '2']]), false)
  assert.equal(fits('Foo', [], [['Foo', '']]), false)
  assert.equal(fits('Foo', [['Foo', '']], []), false)
  assert.equal(
    fits(
      'Foo, Bar',
      [['Foo', '1']],
      [
        ['Foo', '1'],
        ['Other', 'x'],
      ],
    ),
    true,
  )
  assert.equal(fits('Accept-Language', [['Accept-Language', 'en, de']], [['Accept-Language', 'dE,eN']]), true)
  assert.equal(fits('Foo', [['Foo', 'a,b']], [['Foo', 'b,a']]), false)
  for (const star of ['*', '*, *', ', *', 'Foo, *'])
    assert.equal(selectedBy(of(['Vary', star]), of()), null, star)
  assert.equal(selectedBy(of(['Vary', Array.from({ length: 21 }, (_, i) => `a${i}`).join()]), of()), null)
})

test('conditions of clients', () => {
  const kept = of(['ETag', '"a,b"'], ['Last-Modified', date])
  const asks = (...fields: Field[]): boolean => unchanged(fieldsOf(fields), kept, NOW)
  assert.equal(asks(['If-None-Match', '"x", W/"a,b"']), true)
  assert.equal(asks(['If-None-Match', '*']), true)
  assert.equal(asks(['If-None-Match', '"x"'], ['If-Modified-Since', date]), false)
  assert.equal(asks(['If-Modified-Since', date]), true)
  assert.equal(asks(['If-Modified-Since', new Date(NOW - 9000).toUTCString()]), false)
  assert.equal(asks(['If-Modified-Since', 'yesterday']), false)
  assert.equal(asks(), false)
  assert.equal(unchanged(of(['If-None-Match', '"a"']), of(), NOW), false)
  assert.deepEqual(validators(kept), [
    ['If-None-Match', '"a,b"'],
    ['If-Modified-Since', date],
  ])
  assert.equal(partWanted(of(['If-Range', '"a,b"']), kept), true)
  assert.equal(partWanted(of(['If-Range', 'W/"a,b"']), of(['ETag', 'W/"a,b"'])), false)
  assert.equal(partWanted(of(['If-Range', date]), kept), true)
  assert.equal(partWanted(of(['If-Range', '"old"']), kept), false)
})

test('ranges', () => {
  assert.deepEqual(readRange('bytes=0-1', 10), { first: 0, last: 1 })
  assert.deepEqual(readRange('bytes=5-', 10), { first: 5, last: 9 })
  assert.deepEqual(readRange('bytes=-3', 10), { first: 7, last: 9 })
  assert.deepEqual(readRange('bytes=-30', 10), { first: 0, last: 9 })
  assert.deepEqual(readRange('bytes=5-100', 10), { first: 5, last: 9 })
  assert.equal(readRange('bytes=10-', 10), 'unsatisfiable')
  assert.equal(readRange('bytes=-0', 10), 'unsatisfiable')
  for (const whole of [
    'bytes=0-1,3-4',
    'bytes=-',
    'bytes=5-2',
    'lines=1-2',
    'bytes=a-b',
    `bytes=0-${'9'.repeat(99)}`,
  ])
    assert.equal(readRange(whole, 10), null, whole)
  assert.deepEqual(readContentRange('bytes 4-9/10'), { first: 4, last: 9, total: 10 })
  assert.deepEqual(readContentRange('bytes 4-9/*'), { first: 4, last: 9, total: null })
  for (const bad of ['bytes 9-4/10', 'bytes 4-10/10', 'bytes */10', 'x'])
    assert.equal(readContentRange(bad), null)
})

test('a confirmation replaces fields, but none that belong to the body', () => {
  const kept: Field[] = [
    ['A', '1'],
    ['Age', '5'],
    ['Content-Length', '3'],
    ['Content-Encoding', 'gzip'],
    ['B', '1'],
  ]
  const fresh: Field[] = [
    ['a', '2'],
    ['a', '3'],
    ['Content-Length', '0'],
    ['Content-Encoding', 'br'],
  ]
  assert.deepEqual(confirmed(kept, fresh), [
    ['Content-Length', '3'],
    ['Content-Encoding', 'gzip'],
    ['B', '1'],
    ['a', '2'],
    ['a', '3'],
  ])
})

test('tags: commas and spaces part them, too many are none', () => {
  assert.deepEqual(tagsOf(of(['Cache-Tag', 'a, b'], ['Surrogate-Key', 'b c'])), ['a', 'b', 'c'])
  assert.equal(tagsOf(of(['Cache-Tag', Array.from({ length: 129 }, (_, i) => i).join()])), null)
})

interface Case {
  readonly status?: number
  readonly answer?: Field[]
  readonly request?: Field[]
  readonly identified?: boolean
  readonly silent?: 'ttl' | 'heuristic'
}

function stored({
  status = 200,
  answer = [],
  request = [],
  identified = false,
  silent = 'ttl',
}: Case): string {
  const fields = fieldsOf(answer)
  const life = lifeOf(status, fields, NOW, NOW)
  const common = { status, answer: fields, request: fieldsOf(request), life, ignoreCookies: false }
  return mayStore({ ...common, identified, silent })
}

const control = (value: string): Field[] => [['Cache-Control', value]]

test('what may be kept, and for whom', () => {
  const cookie: Field[] = [['Set-Cookie', 'a=b']]
  for (const [given, expected] of [
    [{}, 'shared'],
    [{ silent: 'heuristic' }, 'no'],
    [{ silent: 'heuristic', answer: [['Last-Modified', date]] }, 'shared'],
    [{ silent: 'heuristic', answer: control('max-age=5') }, 'shared'],
    [{ status: 503 }, 'no'],
    [{ status: 503, answer: control('max-age=5') }, 'shared'],
    [{ answer: control('no-store, max-age=5') }, 'no'],
    [{ answer: control('private, max-age=5') }, 'no'],
    [{ answer: control('private="a", max-age=5') }, 'shared'],
    [{ answer: control('max-age=0') }, 'no'],
    [{ answer: control('max-age=0, stale-while-revalidate=9') }, 'shared'],
    [{ answer: control('no-cache') }, 'no'],
    [{ answer: [...control('no-cache'), ['ETag', '"a"']] }, 'shared'],
    [{ answer: [['Vary', 'a, *']] }, 'no'],
    [{ answer: cookie }, 'no'],
    [{ answer: [...cookie, ...control('max-age=5')] }, 'no'],
    [{ answer: [...cookie, ...control('public, max-age=5')] }, 'shared'],
    [{ request: [['Cookie', 'a=b']] }, 'no'],
    [{ request: [['Cookie', 'a=b']], answer: [['Vary', 'Cookie']] }, 'shared'],
    [{ request: [['Cookie', 'a=b']], answer: control('max-age=5') }, 'shared'],
    [{ identified: true }, 'own'],
    [{ identified: true, answer: control('max-age=5') }, 'own'],
    [{ identified: true, silent: 'heuristic', answer: control('max-age=5') }, 'no'],
    [{ identified: true, silent: 'heuristic', answer: control('max-age=5, public') }, 'shared'],
    [{ identified: true, silent: 'heuristic', answer: control('s-maxage=5') }, 'shared'],
    [{ identified: true, silent: 'heuristic', answer: control('max-age=5, must-revalidate') }, 'shared'],
    [{ status: 599, answer: control('max-age=5, no-store, must-understand') }, 'no'],
    [{ answer: control('max-age=5, no-store, must-understand') }, 'shared'],
  ] as [Case, string][])
    assert.equal(stored(given), expected, JSON.stringify(given))
})

test('fields that are named, or about the hop, are not kept', () => {
  const fields: Field[] = [
    ...control('no-cache="A", max-age=5'),
    ['a', '1'],
    ['b', '2'],
    ['Proxy-Authenticate', 'x'],
  ]
  const kept = keptFields(fields, lifeOf(200, fieldsOf(fields), NOW, NOW))
  assert.deepEqual(
    kept.map(([name]) => name),
    ['Cache-Control', 'b'],
  )
})
