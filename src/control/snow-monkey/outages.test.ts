import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isAwake, type OutageCandidate, type OutageSettings, outagesAt, timeOfDay } from './outages.ts'

const settings: OutageSettings = {
  outageStrategy: 'OneServicePerGroup',
  includeUserFacingDescriptors: false,
  timesPerDay: 1,
  startTime: '09:00:00.000',
  stopTime: '17:00:00.000',
  outageDurationFrom: 600_000,
  outageDurationTo: 3_600_000,
  targetGroups: [],
}
const route = (id: string, groups: readonly string[], userFacing = false): OutageCandidate => ({
  id,
  name: id,
  groups,
  userFacing,
})
const at = (time: string): number => new Date(`2026-03-10T${time}`).getTime()
const routes = [route('a', ['one']), route('b', ['one']), route('c', ['two'])]

/** Outages over a day, looked for each minute. */
function overTheDay(own: OutageSettings, candidates = routes) {
  const seen = new Map<string, { routeId: string; startedAt: number; duration: number }>()
  for (let now = at('00:00:00'); now < at('23:59:59'); now += 60_000)
    for (const outage of outagesAt(own, candidates, now))
      seen.set(`${outage.routeId} ${outage.startedAt}`, outage)
  return [...seen.values()]
}

describe('outages', () => {
  it('come once a day to one route of each group, within the window and of the length wanted', () => {
    const seen = overTheDay(settings)
    assert.equal(seen.length, 2)
    assert.equal(seen.filter(({ routeId }) => routeId === 'c').length, 1)
    for (const { startedAt, duration } of seen) {
      assert.ok(startedAt >= at('09:00:00') && startedAt < at('17:00:00'))
      assert.ok(duration >= 600_000 && duration <= 3_600_000)
    }
  })

  it('come to every route with the other strategy, as often as wanted', () => {
    const seen = overTheDay({ ...settings, outageStrategy: 'AllServicesPerGroup', timesPerDay: 3 })
    for (const id of ['a', 'b', 'c']) assert.equal(seen.filter(({ routeId }) => routeId === id).length, 3, id)
  })

  it('are the same for whoever asks', () => {
    const now = at('12:00:00')
    const often = { ...settings, timesPerDay: 100 }
    assert.deepEqual(outagesAt(often, routes, now), outagesAt(often, routes.toReversed(), now))
  })

  it('spare routes of other groups and, unless wanted, those that users see', () => {
    const often = { ...settings, timesPerDay: 10_000, outageStrategy: 'AllServicesPerGroup' }
    const ids = (own: OutageSettings, candidates: readonly OutageCandidate[]): string[] =>
      outagesAt(own, candidates, at('12:00:00'))
        .map(({ routeId }) => routeId)
        .sort()
    assert.deepEqual(ids(often, routes), ['a', 'b', 'c'])
    assert.deepEqual(ids({ ...often, targetGroups: ['two'] }, routes), ['c'])
    const facing = [route('a', ['one'], true), route('b', ['one'])]
    assert.deepEqual(ids(often, facing), ['b'])
    assert.deepEqual(ids({ ...often, includeUserFacingDescriptors: true }, facing), ['a', 'b'])
  })

  it('are over when they are reset, and outside of the window', () => {
    const often = { ...settings, timesPerDay: 10_000, outageStrategy: 'AllServicesPerGroup' }
    assert.deepEqual(outagesAt(often, routes, at('12:00:00'), at('12:00:00')), [])
    assert.deepEqual(outagesAt(often, routes, at('18:00:00')), [])
    assert.equal(isAwake(settings, at('12:00:00')), true)
    assert.equal(isAwake(settings, at('08:59:59')), false)
    assert.equal(isAwake({ ...settings, startTime: '22:00:00', stopTime: '02:00:00' }, at('01:00:00')), true)
    assert.equal(isAwake({ ...settings, startTime: 'noon' }, at('12:00:00')), false)
  })

  it('stay bounded in what they cost', () => {
    const never = { ...settings, timesPerDay: 1e12, outageDurationTo: 1e15 }
    assert.equal(outagesAt(never, routes, at('16:59:59')).length, 3)
    assert.deepEqual(outagesAt({ ...settings, timesPerDay: 0 }, routes, at('12:00:00')), [])
  })

  it('reads times of day', () => {
    assert.equal(timeOfDay('09:30'), 34_200_000)
    assert.equal(timeOfDay('23:59:59.999'), 86_399_999)
    for (const wrong of ['24:00:00', '9', '12:60', 'noon']) assert.equal(timeOfDay(wrong), null, wrong)
  })
})
