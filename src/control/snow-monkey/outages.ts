/**
 * When the snow monkey hurts which route. Drawn from the date and the names, not from dice: every instance of an installation
 * comes to the same outages without asking the others, and a restart changes none.
 */
import { hash } from 'node:crypto'

/** The settings that count here; field names are those of the global configuration. */
export interface OutageSettings {
  readonly outageStrategy: string
  readonly includeUserFacingDescriptors: boolean
  readonly timesPerDay: number
  /** Local times of day, `HH:mm:ss.SSS`. */
  readonly startTime: string
  readonly stopTime: string
  /** Milliseconds. */
  readonly outageDurationFrom: number
  readonly outageDurationTo: number
  readonly targetGroups: readonly string[]
}

/** A route that may be hurt. */
export interface OutageCandidate {
  readonly id: string
  readonly name: string
  readonly groups: readonly string[]
  readonly userFacing: boolean
}

/** Times in epoch milliseconds, `duration` in milliseconds. */
export interface Outage {
  readonly routeId: string
  readonly routeName: string
  readonly startedAt: number
  readonly until: number
  readonly duration: number
}

const DAY = 86_400_000
/** Outages of one group and day that are drawn. */
const MOST_PER_DAY = 10_000

interface Window {
  /** Names the day in draws. */
  readonly day: string
  readonly start: number
  readonly end: number
}

/** True when the snow monkey is awake at this time of day. */
export function isAwake(settings: OutageSettings, now: number): boolean {
  return windowsAround(settings, now).some(({ start, end }) => start <= now && now < end)
}

/** The outages that hold at `now`; those that began before `since` are over. One at most for a route. */
export function outagesAt(
  settings: OutageSettings,
  candidates: readonly OutageCandidate[],
  now: number,
  since = 0,
): readonly Outage[] {
  const found = new Map<string, Outage>()
  if (!isAwake(settings, now)) return []
  const able = candidates.filter(route => mayBeHurt(settings, route))
  for (const [name, routes] of unitsOf(settings, able))
    for (const window of windowsAround(settings, now))
      for (const outage of drawn(settings, name, routes, window, now)) {
        const known = found.get(outage.routeId)
        if (outage.startedAt >= since && (known === undefined || known.until < outage.until))
          found.set(outage.routeId, outage)
      }
  return [...found.values()].sort((a, b) => a.startedAt - b.startedAt)
}

function mayBeHurt(settings: OutageSettings, { groups, userFacing }: OutageCandidate): boolean {
  if (userFacing && !settings.includeUserFacingDescriptors) return false
  return settings.targetGroups.length === 0 || groups.some(group => settings.targetGroups.includes(group))
}

/** Among whom an outage is drawn: the routes of a group, or each route for itself. */
function unitsOf(
  { outageStrategy, targetGroups }: OutageSettings,
  routes: readonly OutageCandidate[],
): ReadonlyMap<string, readonly OutageCandidate[]> {
  const units = new Map<string, OutageCandidate[]>()
  for (const route of routes) {
    const groups =
      targetGroups.length === 0 ? route.groups : route.groups.filter(g => targetGroups.includes(g))
    const names =
      outageStrategy === 'AllServicesPerGroup' ? [`route ${route.id}`] : groups.map(g => `group ${g}`)
    for (const name of names) {
      const known = units.get(name)
      if (known === undefined) units.set(name, [route])
      else known.push(route)
    }
  }
  for (const members of units.values()) members.sort((a, b) => (a.id < b.id ? -1 : 1))
  return units
}

/** The day is cut into as many parts as there are outages; each begins somewhere in its part. */
function* drawn(
  settings: OutageSettings,
  unit: string,
  routes: readonly OutageCandidate[],
  { day, start, end }: Window,
  now: number,
): Generator<Outage> {
  const times = Math.min(MOST_PER_DAY, Math.floor(settings.timesPerDay))
  if (times < 1 || end <= start) return
  const part = (end - start) / times
  const longest = Math.max(settings.outageDurationFrom, settings.outageDurationTo)
  const first = Math.max(0, Math.floor((now - longest - start) / part))
  for (let n = first; n < times && start + n * part <= now; n++) {
    const [when, which, length] = draws(`${day}|${unit}|${n}`)
    const startedAt = Math.floor(start + (n + when) * part)
    const span = longest - settings.outageDurationFrom
    const duration = Math.floor(settings.outageDurationFrom + length * span)
    const until = startedAt + duration
    if (startedAt > now || until <= now) continue
    const route = routes[Math.floor(which * routes.length)]!
    yield { routeId: route.id, routeName: route.name, startedAt, until, duration }
  }
}

/** Three numbers of the text, 0 ≤ x < 1. */
function draws(text: string): readonly [number, number, number] {
  const bytes = hash('sha256', text, 'buffer')
  const at = (index: number): number => bytes.readUInt32BE(index * 4) / 2 ** 32
  return [at(0), at(1), at(2)]
}

/** The window of this day and of the one before, whose outages may still last. */
function windowsAround(settings: OutageSettings, now: number): readonly Window[] {
  const from = timeOfDay(settings.startTime)
  const to = timeOfDay(settings.stopTime)
  if (from === null || to === null) return []
  return [now - DAY, now].map(time => {
    const date = new Date(time)
    const midnight = new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
    // One that ends before it begins ends on the next day.
    const end = midnight + to + (to <= from ? DAY : 0)
    return { day: date.toDateString(), start: midnight + from, end }
  })
}

/** Milliseconds since midnight, or null for what is no time. */
export function timeOfDay(text: string): number | null {
  const found = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text)
  if (found === null) return null
  const [hours, minutes, seconds] = [found[1], found[2], found[3] ?? '0'].map(Number) as [
    number,
    number,
    number,
  ]
  if (hours > 23 || minutes > 59 || seconds > 59) return null
  const milliseconds = Number((found[4] ?? '0').padEnd(3, '0').slice(0, 3))
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
}
