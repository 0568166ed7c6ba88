import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runPlugin, setUp } from '../../plugin/testing.ts'
import { openAt, timeOfDay, zoneNamed } from './opening-hours.ts'
import plugin from './time-restricted-access-plugin.ts'

const always = [
  { time_start: '00:00', time_end: '23:59:59.999', day_start: 1, day_end: 7 },
  { time_start: '23:59', time_end: '23:59:59', day_start: 1, day_end: 7 },
]

describe('opening hours', () => {
  const office = [{ from: timeOfDay('08:00')!, to: timeOfDay('20:00')!, firstDay: 1, lastDay: 5 }]
  const at = (iso: string, zone: string) => openAt(office, zone)(Date.parse(iso))

  it('are times on days, bounds of times aside', () => {
    // 2026-03-02 is a Monday.
    assert.ok(at('2026-03-02T12:00:00Z', 'UTC'))
    assert.ok(!at('2026-03-02T08:00:00Z', 'UTC'))
    assert.ok(at('2026-03-02T08:00:00.001Z', 'UTC'))
    assert.ok(!at('2026-03-02T20:00:00Z', 'UTC'))
    assert.ok(at('2026-03-06T19:59:59Z', 'UTC'))
    assert.ok(!at('2026-03-07T12:00:00Z', 'UTC'), 'Saturday')
    assert.ok(!at('2026-03-08T12:00:00Z', 'UTC'), 'Sunday')
  })

  it('are those of the zone, summer time included', () => {
    assert.ok(!at('2026-03-02T06:30:00Z', 'Europe/Paris'))
    assert.ok(at('2026-03-02T07:30:00Z', 'Europe/Paris'))
    assert.ok(at('2026-07-06T06:30:00Z', 'Europe/Paris'))
    assert.ok(at('2026-03-01T23:30:00Z', 'Asia/Tokyo'), 'Monday morning there')
    assert.ok(!at('2026-03-06T23:30:00Z', 'Asia/Tokyo'), 'Saturday morning there')
  })

  it('read times and zones as Otoroshi does', () => {
    assert.equal(timeOfDay('08:00'), 28_800_000)
    assert.equal(timeOfDay('23:59:59.5'), 86_399_500)
    for (const wrong of ['8:00', '24:00', '08:60', '08', '', 'noon', '08:00 PM'])
      assert.equal(timeOfDay(wrong), null, wrong)
    assert.equal(zoneNamed('Europe/Paris'), 'Europe/Paris')
    assert.equal(zoneNamed('UTC+2'), '+02:00')
    assert.equal(zoneNamed('GMT-0530'), '-05:30')
    assert.equal(zoneNamed('Mars/Olympus'), null)
  })
})

describe('a route with opening hours', () => {
  it('is closed without rules, and says so in the words of upstream', async () => {
    const run = await runPlugin(plugin)
    assert.equal(run.status, 403)
    assert.deepEqual(JSON.parse(run.text), {
      error: 'forbidden',
      error_description: 'You cannot access this resource right now',
    })
    assert.equal(run.headers.get('otoroshi-error-reason'), 'time_restricted')
    assert.equal(run.backend, null)
  })

  it('is open at times of one of its rules', async () => {
    const run = await runPlugin(plugin, { config: { rules: always, timezone: 'Europe/Paris' } })
    assert.equal(run.status, 200)
    const [closed] = [(new Date().getUTCDay() + 3) % 7].map(day => (day === 0 ? 7 : day))
    const rules = [{ ...always[0], day_start: closed, day_end: closed }]
    assert.equal((await runPlugin(plugin, { config: { rules, timezone: 'UTC' } })).status, 403)
  })

  it('refuses rules that could never hold, and values that are none', () => {
    const bad = (rule: object): void => assert.throws(() => setUp(plugin, { rules: [rule] }), /rules\.0/)
    bad({ time_start: '22:00', time_end: '06:00' })
    bad({ day_start: 6, day_end: 1 })
    bad({ time_start: 'noon' })
    bad({ day_start: 0 })
    bad({ day_end: 8 })
    assert.throws(() => setUp(plugin, { timezone: 'Mars/Olympus' }), /timezone/)
  })
})
