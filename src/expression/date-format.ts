/** Dates as Joda-Time patterns write them (`yyyy-MM-dd'T'HH:mm:ss.SSSZZ`), in the zone of the process, in English. */

/** Writes a date. */
export type DateFormat = (date: Date) => string

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const DAY_MS = 86_400_000

/** Compiles a pattern. Throws RangeError on a letter that means nothing. */
export function dateFormat(pattern: string): DateFormat {
  const parts: DateFormat[] = []
  const token = /'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z'])/y
  while (token.lastIndex < pattern.length) {
    const found = token.exec(pattern)
    if (found === null) throw new RangeError('a quote is not closed')
    const text = found[0]
    if (found[2] !== undefined) parts.push(field(found[2], text.length))
    else {
      const literal = found[1] === undefined ? text : found[1] === '' ? "'" : found[1].replaceAll("''", "'")
      parts.push(() => literal)
    }
  }
  return date => {
    let out = ''
    for (const part of parts) out += part(date)
    return out
  }
}

/** Milliseconds since the epoch of an ISO 8601 date, local when it names no zone. Throws RangeError. */
export function parseIsoDate(text: string): number {
  const found =
    /^\d{4}(?:-\d{2}(?:-\d{2})?)?(T\d{2}(?::\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
      text,
    )
  if (found === null) throw new RangeError('not an ISO date')
  const [day, rest = ''] = text.split('T')
  const zone = found[2] ?? ''
  const clock = rest.slice(0, rest.length - zone.length).replace(',', '.')
  const full = `${`${day}-01-01`.slice(0, 10)}T${completeClock(clock)}${zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`
  const time = Date.parse(full)
  if (Number.isNaN(time)) throw new RangeError('no such date')
  return time
}

function completeClock(clock: string): string {
  if (clock === '') return '00:00:00'
  return clock.length === 2 ? `${clock}:00:00` : clock.length === 5 ? `${clock}:00` : clock
}

function field(letter: string, count: number): DateFormat {
  const number =
    (value: (date: Date) => number): DateFormat =>
    date =>
      pad(value(date), count)
  const name =
    (names: readonly string[], value: (date: Date) => number): DateFormat =>
    date =>
      count >= 4 ? names[value(date)]! : names[value(date)]!.slice(0, 3)
  switch (letter) {
    case 'G':
      return date => (date.getFullYear() > 0 ? 'AD' : 'BC')
    case 'C':
      return number(date => Math.floor(date.getFullYear() / 100))
    case 'y':
    case 'Y':
      return year(count, date => date.getFullYear())
    case 'x':
      return year(count, date => weekOf(date).year)
    case 'w':
      return number(date => weekOf(date).week)
    case 'M':
      return count >= 3 ? name(MONTHS, d => d.getMonth()) : number(date => date.getMonth() + 1)
    case 'd':
      return number(date => date.getDate())
    case 'D':
      return number(dayOfYear)
    case 'e':
      return number(date => date.getDay() || 7)
    case 'E':
      return name(DAYS, date => date.getDay())
    case 'a':
      return date => (date.getHours() < 12 ? 'AM' : 'PM')
    case 'H':
      return number(date => date.getHours())
    case 'k':
      return number(date => date.getHours() || 24)
    case 'K':
      return number(date => date.getHours() % 12)
    case 'h':
      return number(date => date.getHours() % 12 || 12)
    case 'm':
      return number(date => date.getMinutes())
    case 's':
      return number(date => date.getSeconds())
    case 'S':
      return date => String(date.getMilliseconds()).padStart(3, '0').padEnd(count, '0').slice(0, count)
    case 'Z':
      return date => (count >= 3 ? zoneId() : offset(date, count === 2 ? ':' : ''))
    case 'z':
      return date => zoneName(date, count >= 4 ? 'long' : 'short')
    default:
      throw new RangeError(`the letter ${letter} means nothing in a date pattern`)
  }
}

function pad(value: number, count: number): string {
  return String(value).padStart(count, '0')
}

function year(count: number, value: (date: Date) => number): DateFormat {
  return date => (count === 2 ? pad(value(date) % 100, 2) : pad(value(date), count))
}

function offset(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${colon}${pad(size % 60, 2)}`
}

function zoneId(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

function zoneName(date: Date, style: 'long' | 'short'): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: style }).formatToParts(date)
  return parts.find(part => part.type === 'timeZoneName')?.value ?? zoneId()
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1)
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / DAY_MS + 1
}

/** ISO 8601 week: the one that holds the Thursday. */
function weekOf(date: Date): { year: number; week: number } {
  const thursday = new Date(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()))
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (date.getDay() || 7))
  const year = thursday.getUTCFullYear()
  return { year, week: Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS + 1) / 7) }
}

/** `2026-01-31T12:00:00.000+01:00`, or `Z` in UTC. */
export function isoDate(date: Date): string {
  const text = isoClock(date)
  const zone = offset(date, ':')
  return text + (zone === '+00:00' ? 'Z' : zone)
}

const isoClock = dateFormat("yyyy-MM-dd'T'HH:mm:ss.SSS")
