import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDirectives } from './cache-control.ts'
import type { Field } from './fields.ts'
import { readDate } from './http-date.ts'
import { freshFor, mayStandIn, reuse } from './reuse.ts'
import { StoredHead } from './stored-head.ts'

const NOW = Date.UTC(2026, 6, 1, 12)
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString()
const day = 86_400_000

function head(fields: readonly Field[], more: { status?: number; asked?: number } = {}): StoredHead {
  const { status = 200, asked = NOW } = more
  return new StoredHead({ status, fields, asked, arrived: NOW, selected: [], part: null })
}

const declared = { ttl: 30 * day, silent: 'heuristic', staleIfError: 0 } as const
const left = (fields: readonly Field[], later = 0): number =>
  freshFor(head(fields), NOW + later * 1000, declared) / 1000

test('dates are read in three forms and no other', () => {
  const good = Date.UTC(2050, 7, 18, 2, 1, 18)
  for (const text of [
    'Thu, 18 Aug 2050 02:01:18 GMT',
    'THU, 18 aug 2050 02:01:18 gmt',
    'Thursday, 18-Aug-50 02:01:18 GMT',
    'Thu Aug 18 02:01:18 2050',
  ])
    assert.equal(readDate(text, NOW), good, text)
  assert.equal(readDate('Monday, 07-Nov-94 08:49:37 GMT', NOW), Date.UTC(1994, 10, 7, 8, 49, 37))
  for (const text of [
    '0',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 18 Anf 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 25:01:18 GMT',
  ])
    assert.equal(readDate(text, NOW), null, text)
})

test('lifetimes: s-maxage before max-age before Expires', () => {
  assert.equal(left([['Cache-Control', 'max-age=10, s-maxage=20']]), 20)
  assert.equal(
    left([
      ['Cache-Control', 'max-age=10'],
      ['Expires', at(99)],
      ['Date', at(0)],
    ]),
    10,
  )
  assert.equal(
    left([
      ['Expires', at(99)],
      ['Date', at(0)],
    ]),
    99,
  )
  assert.equal(
    left([
      ['Expires', at(300)],
      ['Date', at(400)],
    ]),
    0,
  )
  assert.equal(
    left([
      ['Expires', '0'],
      ['Date', at(0)],
    ]),
    0,
  )
  assert.equal(
    left([
      ['Expires', at(99)],
      ['Expires', at(100)],
    ]),
    0,
  )
  assert.equal(
    left([
      ['CDN-Cache-Control', 'max-age=7'],
      ['Cache-Control', 'max-age=99'],
    ]),
    7,
  )
})

test('age: that of the way, of the date, and of earlier caches', () => {
  assert.equal(
    left(
      [
        ['Cache-Control', 'max-age=100'],
        ['Age', '40'],
      ],
      10,
    ),
    50,
  )
  assert.equal(
    left([
      ['Cache-Control', 'max-age=100'],
      ['Date', at(-30)],
    ]),
    70,
  )
  for (const [age, expected] of [
    ['abc', 100],
    ['-5', 100],
    ['7.0', 100],
    ['7, 50', 93],
    ['50;a=1', 100],
  ] as const)
    assert.equal(
      left([
        ['Cache-Control', 'max-age=100'],
        ['Age', age],
      ]),
      expected,
      age,
    )
  const slow = head([['Cache-Control', 'max-age=100']], { asked: NOW - 5000 })
  assert.equal(slow.age(NOW), 5000)
})

test('an answer that says nothing is fresh by its last change, or for the given time', () => {
  const changed: Field[] = [
    ['Last-Modified', at(-1000)],
    ['Date', at(0)],
  ]
  assert.equal(left(changed), 100)
  assert.equal(left([]), 0)
  assert.equal(freshFor(head([]), NOW, { ttl: 5000, silent: 'ttl' }), 5000)
  assert.equal(freshFor(head(changed, { status: 500 }), NOW, declared), 0)
})

test('the time given bounds every lifetime', () => {
  const long = head([['Cache-Control', 'max-age=100000']])
  assert.equal(freshFor(long, NOW + 2000, { ttl: 5000, silent: 'ttl' }), 3000)
})

test('what may be given out without asking', () => {
  const verdict = (control: string, wishes: string, later: number) =>
    reuse(head([['Cache-Control', control]]), readDirectives([wishes]), NOW + later * 1000, declared)
  for (const [control, wishes, later, expected] of [
    ['max-age=10', '', 5, 'fresh'],
    ['max-age=10', '', 10, 'validate'],
    ['max-age=10', 'no-cache', 5, 'validate'],
    ['max-age=10', 'max-age=3', 5, 'validate'],
    ['max-age=10', 'min-fresh=6', 5, 'validate'],
    ['max-age=10', 'max-stale=5', 12, 'stale'],
    ['max-age=10', 'max-stale=1', 12, 'validate'],
    ['max-age=10, must-revalidate', 'max-stale=5', 12, 'validate'],
    ['max-age=10, no-cache', '', 5, 'validate'],
    ['max-age=10, no-cache="a"', '', 5, 'fresh'],
    ['max-age=10, stale-while-revalidate=5', '', 12, 'refresh'],
    ['max-age=10, stale-while-revalidate=5', '', 16, 'validate'],
    ['max-age=10, stale-while-revalidate=5, must-revalidate', '', 12, 'validate'],
    ['s-maxage=10, stale-while-revalidate=5', '', 12, 'refresh'],
    ['s-maxage=10', 'max-stale=5', 12, 'validate'],
  ] as const)
    assert.equal(verdict(control, wishes, later), expected, `${control} | ${wishes} | ${later}`)
})

test('what may stand in for an error', () => {
  const verdict = (control: string, later: number) =>
    mayStandIn(head([['Cache-Control', control]]), NOW + later * 1000, declared)
  assert.equal(verdict('max-age=1, stale-if-error=60', 30), true)
  assert.equal(verdict('max-age=1, stale-if-error=60', 62), false)
  assert.equal(verdict('max-age=1', 2), false)
  assert.equal(verdict('max-age=1, stale-if-error=60, must-revalidate', 30), false)
  assert.equal(verdict('max-age=1, stale-if-error=60, no-cache', 30), false)
  const unasked = (control: string, later: number) =>
    mayStandIn(head([['Cache-Control', control]]), NOW + later * 1000, { ...declared, staleIfError: 60_000 })
  assert.equal(unasked('max-age=1', 30), true)
  assert.equal(unasked('max-age=1', 62), false)
  assert.equal(unasked('max-age=1, stale-if-error=5', 30), false)
  assert.equal(unasked('s-maxage=1', 30), false)
})
