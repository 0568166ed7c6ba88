import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { calendarOf } from './calendar.ts'

const at = (text: string): number => Date.parse(text)

describe('ends of days and months', () => {
  const cases = [
    ['UTC', '2026-02-28T12:00:00Z', '2026-03-01T00:00:00Z', '2026-03-01T00:00:00Z'],
    ['UTC', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['UTC', '2028-02-28T23:00:00Z', '2028-02-29T00:00:00Z', '2028-03-01T00:00:00Z'],
    ['Europe/Paris', '2026-07-31T21:59:59Z', '2026-07-31T22:00:00Z', '2026-07-31T22:00:00Z'],
    ['Europe/Paris', '2026-07-31T22:00:00Z', '2026-08-01T22:00:00Z', '2026-08-31T22:00:00Z'],
    // Days of 23 and of 25 hours.
    ['Europe/Paris', '2026-03-28T23:30:00Z', '2026-03-29T22:00:00Z', '2026-03-31T22:00:00Z'],
    ['Europe/Paris', '2026-10-24T22:30:00Z', '2026-10-25T23:00:00Z', '2026-10-31T23:00:00Z'],
    ['Asia/Kolkata', '2026-05-10T18:29:00Z', '2026-05-10T18:30:00Z', '2026-05-31T18:30:00Z'],
    ['America/Los_Angeles', '2026-01-01T07:00:00Z', '2026-01-01T08:00:00Z', '2026-01-01T08:00:00Z'],
    // The clocks skip midnight: the day ends when they show the first minute of the next.
    ['America/Havana', '2026-03-07T20:00:00Z', '2026-03-08T05:00:00Z', '2026-04-01T04:00:00Z'],
  ] as const
  for (const [zone, now, day, month] of cases)
    it(`${now} in ${zone}`, () => {
      const calendar = calendarOf(zone)
      assert.equal(new Date(calendar.dayEnd(at(now))).toISOString(), new Date(day).toISOString())
      assert.equal(new Date(calendar.monthEnd(at(now))).toISOString(), new Date(month).toISOString())
    })

  it('are always ahead, and follow each other', () => {
    for (const zone of [null, 'UTC', 'Europe/Paris', 'America/Havana', 'Pacific/Apia', 'Asia/Beirut']) {
      const calendar = calendarOf(zone)
      let before = 0
      for (let now = at('2026-01-01T00:00:00Z'); now < at('2027-01-05T00:00:00Z'); now += 1_700_000) {
        const day = calendar.dayEnd(now)
        assert.ok(day > now && day - now <= 26 * 3_600_000, `${zone} ${now}`)
        assert.ok(day >= before)
        assert.ok(calendar.monthEnd(now) >= day)
        before = day
      }
    }
  })

  it('follow a clock that is put back', () => {
    const calendar = calendarOf('UTC')
    assert.equal(calendar.dayEnd(at('2026-06-02T10:00:00Z')), at('2026-06-03T00:00:00Z'))
    assert.equal(calendar.dayEnd(at('2026-06-01T10:00:00Z')), at('2026-06-02T00:00:00Z'))
  })

  it('are refused for zones nobody knows', () => {
    assert.throws(() => calendarOf('Mars/Olympus'), RangeError)
  })
})
