import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dateFormat, isoDate, parseIsoDate } from './date-format.ts'

const date = new Date(2026, 0, 4, 0, 5, 9, 7)

test('Joda patterns', () => {
  const table: readonly (readonly [string, string])[] = [
    ['yyyy-MM-dd', '2026-01-04'],
    ['yy M d', '26 1 4'],
    ['EEE EEEE MMM MMMM', 'Sun Sunday Jan January'],
    ['HH:mm:ss.SSS', '00:05:09.007'],
    ['H k K h a', '0 24 0 12 AM'],
    ['DDD e', '004 7'],
    ["xxxx-'W'ww", '2026-W01'],
    ['S SSSS', '0 0070'],
    ['G C', 'AD 20'],
  ]
  for (const [pattern, expected] of table) assert.equal(dateFormat(pattern)(date), expected, pattern)
  assert.equal(dateFormat("yyyy'T'HH 'it''s' ''")(date), "2026T00 it's '")
  assert.match(dateFormat('Z ZZ ZZZ')(date), /^[+-]\d{4} [+-]\d\d:\d\d \S+$/)
  for (const wrong of ['b', "'open", "HH 'o''clock"])
    assert.throws(() => dateFormat(wrong), RangeError, wrong)
})

test('weeks follow ISO 8601 at the turn of the year', () => {
  const week = dateFormat('xxxx-ww')
  assert.equal(week(new Date(2021, 0, 3)), '2020-53')
  assert.equal(week(new Date(2024, 11, 30)), '2025-01')
  assert.equal(week(new Date(2026, 5, 15)), '2026-25')
})

test('ISO dates are read in every usual form', () => {
  assert.equal(parseIsoDate('2020-01-02T03:04:05.006+01:00'), Date.UTC(2020, 0, 2, 2, 4, 5, 6))
  assert.equal(parseIsoDate('2020-01-02T03:04+0100'), Date.UTC(2020, 0, 2, 2, 4))
  assert.equal(parseIsoDate('2020-01-02'), new Date(2020, 0, 2).getTime())
  assert.equal(parseIsoDate('2020'), new Date(2020, 0, 1).getTime())
  for (const text of ['', 'x', '2020-13-01', '01/02/2020', '2020-01-02T', '12'])
    assert.throws(() => parseIsoDate(text), RangeError, text)
})

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }), any => {
      assert.equal(parseIsoDate(isoDate(any)), any.getTime())
    }),
  )
})
