/** When the day and the month end, in a time zone. Answers are kept until they are over. */

export interface Calendar {
  /** Ends of the day and of the month that hold `now`; epoch milliseconds. */
  dayEnd(now: number): number
  monthEnd(now: number): number
}

/** A calendar of a zone (`Europe/Paris`), null for that of the process. Throws a RangeError for a zone nobody knows. */
export function calendarOf(zone: string | null): Calendar {
  return zone === null ? new Cached(localDayEnd, localMonthEnd) : zoned(zone)
}

class Cached implements Calendar {
  readonly #day: (now: number) => number
  readonly #month: (now: number) => number
  #dayFrom = 0
  #dayEnd = 0
  #monthFrom = 0
  #monthEnd = 0

  constructor(day: (now: number) => number, month: (now: number) => number) {
    this.#day = day
    this.#month = month
  }

  dayEnd(now: number): number {
    if (now >= this.#dayEnd || now < this.#dayFrom) {
      this.#dayFrom = now
      this.#dayEnd = this.#day(now)
    }
    return this.#dayEnd
  }

  monthEnd(now: number): number {
    if (now >= this.#monthEnd || now < this.#monthFrom) {
      this.#monthFrom = now
      this.#monthEnd = this.#month(now)
    }
    return this.#monthEnd
  }
}

function localDayEnd(now: number): number {
  const date = new Date(now)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()
}

function localMonthEnd(now: number): number {
  const date = new Date(now)
  return new Date(date.getFullYear(), date.getMonth() + 1, 1).getTime()
}

function zoned(zone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const wall = (at: number): number => {
    const parts: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value)
    return Date.UTC(
      parts['year']!,
      parts['month']! - 1,
      parts['day']!,
      parts['hour']!,
      parts['minute']!,
      parts['second']!,
    )
  }
  /** The instant at which clocks of the zone show `wanted`, a midnight; the first one after it where they skip it. */
  const instant = (wanted: number): number => {
    let at = wanted
    // Twice: the offset at the guess may be that of the other side of a change of the clocks.
    for (let i = 0; i < 2; i++) at = wanted - (wall(at) - at)
    return wall(at) < wanted ? at + 3_600_000 : at
  }
  return new Cached(
    now => {
      const date = new Date(wall(now))
      return instant(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1))
    },
    now => {
      const date = new Date(wall(now))
      return instant(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1))
    },
  )
}
