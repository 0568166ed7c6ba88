/** Days of the week and times of the day, in one zone. */

/** Times of the day as milliseconds since midnight; days from 1, Monday, to 7. */
export interface OpenHours {
  readonly from: number
  readonly to: number
  readonly firstDay: number
  readonly lastDay: number
}

const HOUR = 3_600_000
const MINUTE = 60_000
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** `08:00`, `08:00:30` or `08:00:30.5` as milliseconds since midnight; null when it is none. */
export function timeOfDay(text: string): number | null {
  const found = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?$/.exec(text.trim())
  if (found === null) return null
  const [, hours, minutes, seconds = '0', fraction = ''] = found
  const thousandths = Number(fraction.padEnd(3, '0').slice(0, 3))
  return Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds) * 1000 + thousandths
}

/** The zone as `Intl` names it; null when there is none of this name. `UTC+2` and the like are read, too. */
export function zoneNamed(given: string): string | null {
  const text = given.trim()
  const offset = /^(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(text)
  const name = offset === null ? text : `${offset[1]}${offset[2]!.padStart(2, '0')}:${offset[3] ?? '00'}`
  try {
    clockOf(name).format(0)
    return name
  } catch {
    return null
  }
}

/** True at moments (epoch milliseconds) within one of the hours: bounds of days count, bounds of times do not. */
export function openAt(hours: readonly OpenHours[], zone: string | undefined): (now: number) => boolean {
  const clock = clockOf(zone)
  // Asked once a minute: offsets of zones change at the beginning of one.
  let minute = Number.NaN
  let known = { day: 0, time: 0 }
  return now => {
    const begun = Math.floor(now / MINUTE) * MINUTE
    if (begun !== minute) {
      known = read(clock, begun)
      minute = begun
    }
    const { day } = known
    const time = known.time + (now - begun)
    return hours.some(
      ({ from, to, firstDay, lastDay }) => day >= firstDay && day <= lastDay && time > from && time < to,
    )
  }
}

function clockOf(timeZone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    ...(timeZone !== undefined && { timeZone }),
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
}

/** `now`: a whole second. */
function read(clock: Intl.DateTimeFormat, now: number): { readonly day: number; readonly time: number } {
  let day = 0
  let time = 0
  for (const { type, value } of clock.formatToParts(now)) {
    if (type === 'weekday') day = DAYS.indexOf(value) + 1
    else if (type === 'hour') time += Number(value) * HOUR
    else if (type === 'minute') time += Number(value) * MINUTE
    else if (type === 'second') time += Number(value) * 1000
  }
  return { day, time }
}
