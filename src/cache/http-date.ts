/** Dates of header fields (RFC 9110, 5.6.7): the three forms, and nothing that only looks like one. */

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec'
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)'
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)'
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'

const IMF = new RegExp(`^${DAY}, (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} gmt$`, 'i')
const RFC850 = new RegExp(`^${LONG_DAY}, (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} gmt$`, 'i')
const ASCTIME = new RegExp(`^${DAY} ([a-z]{3}) ([ \\d]\\d) ${TIME} (\\d{4})$`, 'i')

/** Milliseconds since 1970; null for what is no date. `now` decides the century of two-digit years. */
export function readDate(text: string, now: number): number | null {
  const imf = IMF.exec(text)
  if (imf !== null) return time(imf[3]!, imf[2]!, imf[1]!, imf, 4)
  const old = RFC850.exec(text)
  if (old !== null) return time(String(century(Number(old[3]), now)), old[2]!, old[1]!, old, 4)
  const c = ASCTIME.exec(text)
  return c === null ? null : time(c[6]!, c[1]!, c[2]!, c, 3)
}

/** A year that seems more than fifty years ahead is one of the past. */
function century(year: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear()
  const candidate = thisYear - (thisYear % 100) + year
  return candidate > thisYear + 50 ? candidate - 100 : candidate
}

function time(year: string, month: string, day: string, match: RegExpExecArray, at: number): number | null {
  const index = MONTHS.indexOf(month.toLowerCase())
  if (index < 0 || index % 3 !== 0) return null
  const [hours, minutes, seconds] = [Number(match[at]), Number(match[at + 1]), Number(match[at + 2])]
  if (hours > 23 || minutes > 59 || seconds > 60 || Number(day) < 1 || Number(day) > 31) return null
  return Date.UTC(Number(year), index / 3, Number(day), hours, minutes, seconds)
}
